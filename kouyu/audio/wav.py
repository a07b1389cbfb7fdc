"""Reads audio files of any format that FFmpeg reads, and writes 16 bit WAV. For whole files, not for streams."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np
import soxr

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import PcmFormat, Samples, bytes_from_float, joined
from kouyu.audio.uplink_decoding import AudioDecoder
from kouyu.audio.wav_of_pcm import wav_of_pcm
from kouyu.audio.wav_stream import WavSource, may_be_wav
from kouyu.domain.speech_rate import SPEECH_RATE

_CONTAINERS: Final = (
    "wav,w64,aiff,caf,au,flac,mp3,aac,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,amr,asf,avi,mpegts,mpeg"
)
"""Formats that are opened: those that contain audio, not lists of other files or URLs."""
_NO_HEADER: Final = PcmFormat("signed16", 24_000, 1)
_FED_AT_ONCE: Final = 1024 * 1024


def read_audio(path: str | Path) -> tuple[Samples, int]:
    """Read a file's first audio track, mixed down to mono; return it with its sample rate in Hz.

    Raises OSError if the file cannot be opened, UndecodableAudio if it holds no audio that can be read.
    """
    with open(path, "rb") as file:
        return decode_audio(file.read())


def decode_audio(content: bytes) -> tuple[Samples, int]:
    """As ``read_audio``, for a file's content. Raises UndecodableAudio."""
    to_planes = av.AudioResampler(format="fltp")
    planes: list[av.AudioFrame] = []
    sample_rate = 0
    for frame in _frames(content):
        # From a change of the rate on it is treated as another file.
        sample_rate = sample_rate or frame.sample_rate
        if frame.sample_rate == sample_rate:
            planes += to_planes.resample(frame)
    if not planes:
        with _opened(content) as container:
            sample_rate = container.streams.audio[0].sample_rate
    return joined([plane.to_ndarray().mean(axis=0, dtype=np.float32) for plane in planes]), sample_rate


def decode_listening_audio(content: bytes, most_s: float) -> Samples:
    """Decode a file for the engines: mono at SPEECH_RATE. Blocks for some ms per second of audio.

    Of a damaged file the readable part is decoded; a WAV is read to its end, whatever sizes its header gives.

    Raises UndecodableAudio if nothing can be decoded, or it is longer than ``most_s`` seconds: a small file can hold
    days.
    """
    pieces: list[Samples] = []
    left = round(most_s * SPEECH_RATE)
    for piece in _wav_at_listening_rate(content) if may_be_wav(content) else _at_listening_rate(content):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            raise UndecodableAudio(f"the audio is longer than {most_s / 60:g} minutes")
    return np.clip(joined(pieces), -1.0, 1.0)


def _wav_at_listening_rate(content: bytes) -> Iterator[Samples]:
    """Decode a WAV of plain samples here, since FFmpeg trusts the header's sizes; leave other kinds to FFmpeg."""
    decoder = AudioDecoder(WavSource(_NO_HEADER))
    begun = False
    for start in range(0, len(content), _FED_AT_ONCE):
        try:
            yield decoder.feed(content[start : start + _FED_AT_ONCE])
        except UndecodableAudio:
            if begun:
                break
            yield from _at_listening_rate(content)
            return
        begun = True
    yield decoder.flush()


def _at_listening_rate(content: bytes) -> Iterator[Samples]:
    kind: tuple[str, str, int] | None = None
    resampler = _to_listening_rate()
    for frame in _frames(content):
        if kind not in (None, kind_of := (frame.format.name, frame.layout.name, frame.sample_rate)):
            yield from _samples(resampler.resample(None))
            resampler = _to_listening_rate()
        kind = kind_of
        yield from _samples(resampler.resample(frame))
    if kind is not None:
        yield from _samples(resampler.resample(None))


def _to_listening_rate() -> av.AudioResampler:
    return av.AudioResampler(format="flt", layout="mono", rate=SPEECH_RATE)


def _samples(frames: list[av.AudioFrame]) -> Iterator[Samples]:
    return (frame.to_ndarray().ravel().astype(np.float32, copy=False) for frame in frames)


def _frames(content: bytes) -> Iterator[av.AudioFrame]:
    """Decode a file's first audio track as far as possible. Raises UndecodableAudio if nothing can be."""
    faulty, found = False, False
    try:
        with _opened(content) as container:
            if not container.streams.audio:
                raise UndecodableAudio("the file has no audio track")
            for packet in container.demux(container.streams.audio[0]):
                try:
                    for frame in packet.decode():
                        found = True
                        yield frame
                except av.FFmpegError:
                    faulty = True  # the next packet may be valid
    except (av.FFmpegError, ValueError) as error:
        if not found:
            raise UndecodableAudio("the file holds no audio that can be read") from error
    if faulty and not found:
        raise UndecodableAudio("the file holds no audio that can be read")


def _opened(content: bytes) -> "av.container.InputContainer":
    return av.open(io.BytesIO(content), mode="r", options={"format_whitelist": _CONTAINERS})


def read_listening_audio(path: str | Path) -> Samples:
    """Read a file for the engines: mono at SPEECH_RATE. Raises as ``read_audio`` does."""
    samples, sample_rate = read_audio(path)
    listening: Samples = soxr.resample(samples, sample_rate, SPEECH_RATE)
    return listening


def encode_wav(samples: Samples, sample_rate: int) -> bytes:
    """A mono 16 bit WAV file's content."""
    return wav_of_pcm(bytes_from_float(samples), sample_rate)


def write_wav(path: str | Path, samples: Samples, sample_rate: int) -> None:
    """Write a mono 16 bit WAV file."""
    Path(path).write_bytes(encode_wav(samples, sample_rate))
