"""Audio files: any that FFmpeg reads, in; 16 bit WAV, out. For clients, tests and uploads, not for streams."""

import io
import wave
from itertools import chain
from pathlib import Path

import av
import numpy as np
import soxr

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import Samples, bytes_from_float, joined
from kouyu.protocol.speech_rate import SPEECH_RATE

_CONTAINERS = "wav,w64,aiff,caf,au,flac,mp3,aac,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,amr,asf,avi,mpegts,mpeg"
"""What is opened: files that hold their audio themselves, not lists of other files or addresses to fetch."""


def read_audio(path: str | Path) -> tuple[Samples, int]:
    """A file's first audio track, mixed down to mono, and its sample rate in Hz.

    Raises OSError if the file cannot be opened, UndecodableAudio if it holds no audio that can be read.
    """
    with open(path, "rb") as file:
        return decode_audio(file.read())


def decode_audio(content: bytes) -> tuple[Samples, int]:
    """As read_audio, for a file's content. Raises UndecodableAudio."""
    try:
        with _opened(content) as container:
            if not container.streams.audio:
                raise UndecodableAudio("the file has no audio track")
            stream = container.streams.audio[0]
            to_planes = av.AudioResampler(format="fltp")
            frames = [plane for frame in container.decode(stream) for plane in to_planes.resample(frame)]
            sample_rate = stream.sample_rate
    except (av.FFmpegError, ValueError) as error:
        raise UndecodableAudio("the file holds no audio that can be read") from error
    return joined([frame.to_ndarray().mean(axis=0, dtype=np.float32) for frame in frames]), sample_rate


def decode_listening_audio(content: bytes, most_s: float) -> Samples:
    """A file's content as the engines listen to it: mono at SPEECH_RATE. Blocks for some ms per second of audio.

    Raises UndecodableAudio, also where it is longer than ``most_s`` seconds: a small file can hold days.
    """
    pieces: list[Samples] = []
    left = round(most_s * SPEECH_RATE)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SPEECH_RATE)
    try:
        with _opened(content) as container:
            if not container.streams.audio:
                raise UndecodableAudio("the file has no audio track")
            for decoded in chain(container.decode(container.streams.audio[0]), (None,)):
                for frame in resampler.resample(decoded):
                    pieces.append(frame.to_ndarray().ravel().astype(np.float32, copy=False))
                    left -= frame.samples
                if left < 0:
                    raise UndecodableAudio(f"the audio is longer than {most_s / 60:g} minutes")
    except (av.FFmpegError, ValueError) as error:
        raise UndecodableAudio("the file holds no audio that can be read") from error
    return np.clip(joined(pieces), -1.0, 1.0)


def _opened(content: bytes) -> "av.container.InputContainer":
    return av.open(io.BytesIO(content), mode="r", options={"format_whitelist": _CONTAINERS})


def read_listening_audio(path: str | Path) -> Samples:
    """A file as the engines listen to it: mono at SPEECH_RATE. Raises as read_audio does."""
    samples, sample_rate = read_audio(path)
    listening: Samples = soxr.resample(samples, sample_rate, SPEECH_RATE)
    return listening


def encode_wav(samples: Samples, sample_rate: int) -> bytes:
    """A mono 16 bit WAV file's content."""
    return wav_of_pcm(bytes_from_float(samples), sample_rate)


def wav_of_pcm(pcm: bytes, sample_rate: int) -> bytes:
    """The same from 16 bit little-endian PCM."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(pcm)
    return content.getvalue()


def write_wav(path: str | Path, samples: Samples, sample_rate: int) -> None:
    """Write a mono 16 bit WAV file."""
    Path(path).write_bytes(encode_wav(samples, sample_rate))
