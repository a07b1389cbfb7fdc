"""The user's audio in a session record: lossless at 16 bit. Quiet pieces take half the room.

Compression would halve loud ones too, for more processor time than all else that recording does.
"""

import numpy as np

from kouyu.audio.pcm import Samples, float_from_int16, int16_from_float
from kouyu.recording.frames import BYTES, PCM, SILENCE, Audio, RecordError


def coded(samples: Samples, start: int) -> Audio:
    """A piece of audio from the position ``start`` on."""
    values = int16_from_float(samples)
    lowest, highest = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if lowest == highest == 0:
        return Audio(start, len(values), SILENCE)
    if lowest >= -128 and highest <= 127:
        return Audio(start, len(values), BYTES, values.astype(np.int8).tobytes())
    return Audio(start, len(values), PCM, values.astype("<i2", copy=False).tobytes())


def decoded(audio: Audio) -> Samples:
    """The samples of a piece. Raises RecordError."""
    if audio.coding == SILENCE:
        return np.zeros(audio.count, np.float32)
    size = 1 if audio.coding == BYTES else 2
    if len(audio.data) != size * audio.count:
        raise RecordError("a piece of audio has another length than it says")
    return float_from_int16(np.frombuffer(audio.data, "i1" if size == 1 else "<i2").astype(np.int16))
