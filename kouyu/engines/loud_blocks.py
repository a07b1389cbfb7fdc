"""Finds speech in a recording by its level alone: cheap, and good enough if it is well above the background noise."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_SILENT_POWER: Final = 1e-8
"""-80 dB: the background level assumed for digital silence."""
_CLEAR_DECIBELS: Final = 20.0
"""Least distance of speech from the background noise; with less the level cannot tell them apart."""


def loud_blocks(blocks: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Return which blocks hold speech. ``blocks``: (blocks, samples), mono float32, some 20 to 30 ms each.

    A block is loud if it is above a third of the range (in dB) from the quietest to the loudest. None if there are no
    blocks, or noise makes that range too small.
    """
    if not len(blocks):
        return None
    levels = 10.0 * np.log10(np.square(blocks).mean(axis=1) + _SILENT_POWER)
    quiet, loud = np.percentile(levels, (5, 95))
    if loud - quiet < _CLEAR_DECIBELS:
        return None
    return np.asarray(levels > quiet + (loud - quiet) / 3)
