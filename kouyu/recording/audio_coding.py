"""The user's audio in a session record: lossless at 16 bit, and compressed as far as that costs next to nothing.

A piece is coded as the differences of neighbouring samples, as unsigned numbers (0, -1, 1, -2, ... become 0, 1, 2, 3,
...): first all low bytes, then all high bytes, which are nearly always 0 and are compressed. It nearly halves the size,
for 0.1 ms of processor time for each second of audio.
"""

import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.audio.pcm import Samples, float_from_int16, int16_from_float
from kouyu.recording.frames import DELTAS, PCM, SILENCE, Audio, RecordError

_WINDOW_BITS: Final = -15


def coded(samples: Samples, start: int) -> Audio:
    """A piece of audio from the position ``start`` on."""
    values = int16_from_float(samples)
    if not values.any():
        return Audio(start, len(values), SILENCE)
    differences = np.diff(values, prepend=np.int16(0))
    unsigned = ((differences << 1) ^ (differences >> 15)).astype("<u2").view(np.uint8)
    compressor = zlib.compressobj(1, zlib.DEFLATED, _WINDOW_BITS, 9, zlib.Z_RLE)
    high = compressor.compress(unsigned[1::2].tobytes()) + compressor.flush()
    return Audio(start, len(values), DELTAS, unsigned[0::2].tobytes() + high)


def decoded(audio: Audio) -> Samples:
    """The samples of a piece. Raises RecordError."""
    if audio.coding == SILENCE:
        return np.zeros(audio.count, np.float32)
    values = np.frombuffer(audio.data, "<i2") if audio.coding == PCM else _from_deltas(audio)
    if len(values) != audio.count:
        raise RecordError("a piece of audio has another length than it says")
    return float_from_int16(values.astype(np.int16))


def _from_deltas(audio: Audio) -> NDArray[np.int16]:
    try:
        content = zlib.decompressobj(_WINDOW_BITS).decompress(audio.data[audio.count :], audio.count + 1)
    except zlib.error as error:
        raise RecordError(f"a piece of audio is damaged: {error}") from error
    low, high = (np.frombuffer(plane, np.uint8) for plane in (audio.data[: audio.count], content))
    if len(low) != audio.count or len(high) != audio.count:
        raise RecordError("a piece of audio has another length than it says")
    unsigned = high.astype(np.uint16) << 8 | low
    differences = (unsigned >> 1).astype(np.int16) ^ -(unsigned & 1).astype(np.int16)
    return np.cumsum(differences, dtype=np.int16)
