"""Puts PCM into a WAV file; needs no library."""

import io
import wave


def wav_of_pcm(pcm: bytes, sample_rate: int) -> bytes:
    """The content of a mono WAV file of 16 bit little-endian PCM."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(pcm)
    return content.getvalue()
