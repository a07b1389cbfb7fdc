"""Chooses the duration of each phoneme so that a sentence takes the time that its speed asks for.

A model's durations are whole numbers of frames, at least one. Divided by the speed and rounded up each alone, their
errors add up.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_STEPS: Final = 24


def durations_at(predicted: Floats, speed: float) -> Floats:
    """Whole durations, at least 1, whose sum is that at normal speed divided by ``speed``, as nearly as they can.

    ``predicted``: (phonemes,), at normal speed, which the model would round up.
    """

    def at(divisor: float) -> Floats:
        return np.asarray(np.maximum(np.ceil(predicted / np.float32(divisor)), 1.0), np.float32)

    if speed == 1.0:
        return at(1.0)
    wanted = float(at(1.0).sum()) / speed
    # The sum falls with the divisor: bisect it, on a logarithmic scale.
    low, high = speed / 4, speed * 4
    for _ in range(_STEPS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if float(at(middle).sum()) > wanted else (low, middle)
    return min((at(low), at(high)), key=lambda each: abs(float(each.sum()) - wanted))
