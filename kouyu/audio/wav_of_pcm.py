"""Puts PCM into a WAV file; needs no library."""

import io
import struct
import wave
from typing import Final

_UNKNOWN: Final = 0xFFFF_FFFF
"""A length in a header that was written before it was known."""


def wav_of_pcm(pcm: bytes, sample_rate: int) -> bytes:
    """The content of a mono WAV file of 16 bit little-endian PCM."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(pcm)
    return content.getvalue()


def streamed_wav_header(sample_rate: int) -> bytes:
    """The header of a mono WAV file of 16 bit little-endian PCM whose length is not known yet."""
    rates = struct.pack("<IIHH", sample_rate, 2 * sample_rate, 2, 16)
    head = b"RIFF" + struct.pack("<I", _UNKNOWN) + b"WAVEfmt " + struct.pack("<IHH", 16, 1, 1)
    return head + rates + b"data" + struct.pack("<I", _UNKNOWN)
