"""The edges of a piece of speech: silence that a model leaves there is cut off, pauses are ours to make."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

QUIET: Final = 0.006
"""Level (RMS, of full scale 1) below which 5 ms count as silence: about -44 dB."""

FRAME_SECONDS: Final = 0.005
KEPT_BEFORE: Final = 0.02
KEPT_AFTER: Final = 0.05
"""Seconds kept around the speech: soft consonants are quieter than QUIET."""

FADE_SECONDS: Final = 0.004


def trim(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """The speech without the silence around it, faded at both ends so that it does not click."""
    frame = max(1, round(sample_rate * FRAME_SECONDS))
    count = len(samples) // frame
    levels = np.sqrt(np.mean(samples[: count * frame].reshape(count, frame) ** 2, axis=1)) if count else np.zeros(0)
    loud = np.flatnonzero(levels > QUIET)
    if not len(loud):
        return np.zeros(0, np.float32)
    begin = max(0, int(loud[0]) * frame - round(KEPT_BEFORE * sample_rate))
    end = (int(loud[-1]) + 1) * frame + round(KEPT_AFTER * sample_rate)
    kept = samples[begin:end].astype(np.float32, copy=True)
    fade = min(round(FADE_SECONDS * sample_rate), len(kept))
    ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    kept[:fade] *= ramp
    kept[len(kept) - fade :] *= ramp[::-1]
    return kept


def silence(seconds: float, sample_rate: int) -> NDArray[np.float32]:
    """Nothing, for so long."""
    return np.zeros(round(seconds * sample_rate), np.float32)
