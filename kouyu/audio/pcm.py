"""Converts samples between bytes and floats, in every linear and companded format of a client or a WAV header.

Inside the server audio is float32, -1 to 1. 16 bit values are scaled by 32768, so that a round trip is exact.
"""

from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.audio import g711

Samples: TypeAlias = NDArray[np.float32]
"""Mono audio, shape (n,), -1 to 1."""


Encoding = Literal["unsigned8", "signed16", "signed24", "signed32", "float32", "float64", "alaw", "mulaw"]

SAMPLE_BYTES: dict[Encoding, int] = {
    "unsigned8": 1,
    "signed16": 2,
    "signed24": 3,
    "signed32": 4,
    "float32": 4,
    "float64": 8,
    "alaw": 1,
    "mulaw": 1,
}


_OF_FULL_SCALE = np.float32(1 / 32768)
_LOWEST, _HIGHEST = np.float32(-32768), np.float32(32767)
_LONG = 8192


def silence(duration_ms: float, sample_rate: int) -> Samples:
    """Zeros, ``duration_ms`` long at ``sample_rate`` Hz."""
    return np.zeros(round(duration_ms * sample_rate / 1000), np.float32)


def joined(pieces: list[Samples]) -> Samples:
    """Concatenate the pieces; no pieces give no samples."""
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def int16_from_float(samples: Samples) -> NDArray[np.int16]:
    """Round to 16 bit; values beyond full scale are clipped, never wrapped."""
    scaled = samples * np.float32(32768)
    np.rint(scaled, out=scaled)
    if len(scaled) > _LONG:
        np.clip(scaled, _LOWEST, _HIGHEST, out=scaled)  # half the time of both below, after checks as long as a packet
    else:
        np.minimum(scaled, _HIGHEST, out=scaled)
        np.maximum(scaled, _LOWEST, out=scaled)
    return scaled.astype(np.int16)


def float_from_int16(values: NDArray[np.int16]) -> Samples:
    """16 bit values as floats."""
    samples: Samples = np.multiply(values, _OF_FULL_SCALE)
    return samples


def bytes_from_float(samples: Samples) -> bytes:
    """16 bit signed little-endian PCM."""
    return int16_from_float(samples).astype("<i2", copy=False).tobytes()


class PcmFormat(msgspec.Struct, frozen=True):
    """How interleaved samples are laid out in bytes (little-endian), and their rate in Hz."""

    encoding: Encoding
    sample_rate: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return SAMPLE_BYTES[self.encoding] * self.channels


class PcmReader:
    """Converts bytes of one PcmFormat to mono samples; a piece may end in the middle of a sample."""

    def __init__(self, pcm_format: PcmFormat) -> None:
        self.format = pcm_format
        self._frame_bytes = pcm_format.frame_bytes
        self.bytes_per_second = self._frame_bytes * pcm_format.sample_rate
        self._partial = b""

    def read(self, data: bytes) -> Samples:
        """Return the complete samples, channels mixed down by their mean."""
        if self._partial:
            data = self._partial + data
        whole = len(data) - len(data) % self._frame_bytes
        self._partial = data[whole:]
        samples = _floats(data[:whole], self.format.encoding)
        if self.format.channels == 1:
            return samples
        mixed: Samples = samples.reshape(-1, self.format.channels).mean(axis=1, dtype=np.float32)
        return mixed

    def drop_partial(self) -> None:
        """Discard an incomplete sample."""
        self._partial = b""


def _floats(data: bytes, encoding: Encoding) -> Samples:
    """All samples of ``data``, which holds a whole number of them, channels still interleaved."""
    match encoding:
        case "unsigned8":
            return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128)) * np.float32(1 / 128)
        case "signed16":
            return float_from_int16(np.frombuffer(data, "<i2"))
        case "signed24":
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            return wide.view("<i4").ravel().astype(np.float32) * np.float32(2**-31)
        case "signed32":
            return np.frombuffer(data, "<i4").astype(np.float32) * np.float32(2**-31)
        case "float32":
            return _finite(np.frombuffer(data, "<f4"))
        case "float64":
            return _finite(np.frombuffer(data, "<f8"))
        case "alaw":
            return g711.decode_alaw(data)
        case "mulaw":
            return g711.decode_mulaw(data)


def _finite(values: NDArray[np.floating]) -> Samples:
    """Clip to -1 to 1 and remove NaN, so that one bad value does not spoil later filters."""
    samples: Samples = np.clip(np.nan_to_num(values, posinf=1.0, neginf=-1.0), -1.0, 1.0).astype(np.float32)
    return samples
