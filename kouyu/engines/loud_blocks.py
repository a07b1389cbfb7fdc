"""Where speech is in a recording, by its loudness alone: cheap, and good enough where it stands out from its room."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_SILENT_POWER: Final = 1e-8
"""-80 dB: digital silence counts as such a room."""
_CLEAR_DECIBELS: Final = 20.0
"""Speech stands out from its room by as much, or it cannot be told by loudness."""


def loud_blocks(blocks: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Which blocks hold speech. ``blocks``: (blocks, samples), mono float32, some 20 to 30 ms each.

    Loud is what is above a third of the way (in decibels) from the quietest to the loudest; None where there are no
    blocks, or noise leaves them too close together to tell.
    """
    if not len(blocks):
        return None
    levels = 10.0 * np.log10(np.square(blocks).mean(axis=1) + _SILENT_POWER)
    quiet, loud = np.percentile(levels, (5, 95))
    if loud - quiet < _CLEAR_DECIBELS:
        return None
    return np.asarray(levels > quiet + (loud - quiet) / 3)
