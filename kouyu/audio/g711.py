"""G.711: A-law and µ-law, one byte a sample, by table (ITU-T G.711, tables 1 and 2)."""

import numpy as np
from numpy.typing import NDArray


def _alaw_values() -> NDArray[np.int16]:
    """The 16 bit value of each A-law code."""
    code = np.arange(256) ^ 0x55
    segment = (code >> 4) & 7
    step = ((code & 15) << 4) + 8
    size = np.where(segment == 0, step, (step + 0x100) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


def _mulaw_values() -> NDArray[np.int16]:
    """The 16 bit value of each µ-law code."""
    code = ~np.arange(256) & 0xFF
    size = ((((code & 15) << 3) + 0x84) << (code >> 4 & 7)) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


def _nearest_codes(values: NDArray[np.int16]) -> NDArray[np.uint8]:
    """For each 16 bit value, at index value + 32768, the code whose value is nearest."""
    # From the highest code down, so that of the two zeros of µ-law the positive one, 0xFF, is kept.
    levels, from_the_top = np.unique(values[::-1], return_index=True)
    codes = (255 - from_the_top).astype(np.uint8)
    borders = (levels[:-1].astype(np.float64) + levels[1:]) / 2
    nearest: NDArray[np.uint8] = codes[np.searchsorted(borders, np.arange(-32768, 32768), side="right")]
    return nearest


_ALAW_VALUES = _alaw_values()
_MULAW_VALUES = _mulaw_values()
_ALAW_FLOATS = (_ALAW_VALUES / 32768).astype(np.float32)
_MULAW_FLOATS = (_MULAW_VALUES / 32768).astype(np.float32)
_ALAW_CODES = _nearest_codes(_ALAW_VALUES)
_MULAW_CODES = _nearest_codes(_MULAW_VALUES)


def decode_alaw(data: bytes) -> NDArray[np.float32]:
    """A-law codes as samples, -1 to 1."""
    return _ALAW_FLOATS[np.frombuffer(data, np.uint8)]


def decode_mulaw(data: bytes) -> NDArray[np.float32]:
    """µ-law codes as samples, -1 to 1."""
    return _MULAW_FLOATS[np.frombuffer(data, np.uint8)]


def encode_alaw(values: NDArray[np.int16]) -> bytes:
    """16 bit values as A-law codes."""
    return _ALAW_CODES[values.astype(np.int32) + 32768].tobytes()


def encode_mulaw(values: NDArray[np.int16]) -> bytes:
    """16 bit values as µ-law codes."""
    return _MULAW_CODES[values.astype(np.int32) + 32768].tobytes()
