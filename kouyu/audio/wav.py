"""Audio files: any that FFmpeg reads, in; 16 bit WAV, out. For clients, tests and uploads, not for streams."""

import io
import wave
from pathlib import Path

import av
import numpy as np
import soxr

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import LISTENING_RATE, Samples, bytes_from_float, joined


def read_audio(path: str | Path) -> tuple[Samples, int]:
    """A file's first audio track, mixed down to mono, and its sample rate in Hz.

    Raises OSError if the file cannot be opened, UndecodableAudio if it holds no audio that can be read.
    """
    with open(path, "rb") as file:
        return decode_audio(file.read())


def decode_audio(content: bytes) -> tuple[Samples, int]:
    """As read_audio, for a file's content. Raises UndecodableAudio."""
    try:
        with av.open(io.BytesIO(content), mode="r") as container:
            if not container.streams.audio:
                raise UndecodableAudio("the file has no audio track")
            stream = container.streams.audio[0]
            to_planes = av.AudioResampler(format="fltp")
            frames = [plane for frame in container.decode(stream) for plane in to_planes.resample(frame)]
            sample_rate = stream.sample_rate
    except (av.FFmpegError, ValueError) as error:
        raise UndecodableAudio("the file holds no audio that can be read") from error
    return joined([frame.to_ndarray().mean(axis=0, dtype=np.float32) for frame in frames]), sample_rate


def read_listening_audio(path: str | Path) -> Samples:
    """A file as the engines listen to it: mono at LISTENING_RATE. Raises as read_audio does."""
    samples, sample_rate = read_audio(path)
    listening: Samples = soxr.resample(samples, sample_rate, LISTENING_RATE)
    return listening


def encode_wav(samples: Samples, sample_rate: int) -> bytes:
    """A mono 16 bit WAV file's content."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(bytes_from_float(samples))
    return content.getvalue()


def write_wav(path: str | Path, samples: Samples, sample_rate: int) -> None:
    """Write a mono 16 bit WAV file."""
    Path(path).write_bytes(encode_wav(samples, sample_rate))
