"""The audio that a client sends: its format, and files in it."""

import wave
from pathlib import Path
from typing import Any, Final

import msgspec

from kouyu.domain.configuration import PcmRate
from kouyu.domain.speech_rate import SPEECH_RATE

_SAMPLE_BYTES: Final = 2


class UplinkFormat(msgspec.Struct, frozen=True):
    """Interleaved 16 bit little-endian PCM: its rate in Hz, and its 1 or 2 channels."""

    sample_rate: int = SPEECH_RATE
    channels: int = 1

    @property
    def configuration(self) -> dict[str, Any]:
        """The same as ``input_audio`` of a configuration."""
        return {
            "format": "pcm",
            "codec": "pcm",
            "sample_rate": self.sample_rate,
            "channel": self.channels,
            "bit_depth": 8 * _SAMPLE_BYTES,
        }

    def bytes_of(self, duration_ms: int) -> int:
        """The length of so much audio in bytes, in whole samples."""
        return self.sample_rate * duration_ms // 1000 * self.channels * _SAMPLE_BYTES


SPEECH: Final = UplinkFormat()


class UplinkAudio(msgspec.Struct, frozen=True):
    """A whole recording in the format in which it is sent."""

    format: UplinkFormat
    pcm: bytes


def read_uplink_audio(path: Path) -> UplinkAudio:
    """Read an audio file: a WAV of 16 bit PCM as it is, any other file converted to mono at SPEECH_RATE.

    The conversion needs the libraries of `kouyu[server]`. Raises OSError, and UndecodableAudio for a file without
    audio that can be read.
    """
    return _as_it_is(path) or _converted(path)


def _as_it_is(path: Path) -> UplinkAudio | None:
    try:
        with wave.open(str(path), "rb") as file:
            audio_format = UplinkFormat(file.getframerate(), file.getnchannels())
            bits_fit = file.getsampwidth() == _SAMPLE_BYTES
            if bits_fit and audio_format.sample_rate in PcmRate.values and audio_format.channels in (1, 2):
                pcm = file.readframes(file.getnframes())
                return UplinkAudio(audio_format, pcm) if pcm else None
    except (wave.Error, EOFError):
        pass
    return None


def _converted(path: Path) -> UplinkAudio:
    from kouyu.audio.pcm import bytes_from_float
    from kouyu.audio.wav import read_listening_audio

    return UplinkAudio(SPEECH, bytes_from_float(read_listening_audio(path)))
