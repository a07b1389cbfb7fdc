"""Speech without its pauses: what a voiceprint is made of, and how much of it there is."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.voiceprint.engine import VOICE_RATE

_BLOCK: Final = VOICE_RATE * 3 // 100
"""30 ms, over which loudness is measured."""
_KEPT_BLOCKS: Final = 6
"""Around what is loud 180 ms stay on either side, so that words are not chopped."""
_SILENT_POWER: Final = 1e-8
"""-80 dB: digital silence counts as such a room."""
_CLEAR_DECIBELS: Final = 20.0
"""Speech stands out from its room by as much, or its pauses cannot be told by loudness."""


def speech_only(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The audio without its pauses. Mono float32 at VOICE_RATE, of any length.

    Loud is what is above a third of the way (in decibels) from the quietest to the loudest parts; where noise leaves
    them close together, nothing is taken out.
    """
    blocks = audio[: len(audio) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    if not len(blocks):
        return audio
    levels = 10.0 * np.log10(np.square(blocks).mean(axis=1) + _SILENT_POWER)
    quiet, loud = np.percentile(levels, (5, 95))
    if loud - quiet < _CLEAR_DECIBELS:
        return audio
    near = np.convolve(levels > quiet + (loud - quiet) / 3, np.ones(2 * _KEPT_BLOCKS + 1), mode="same")
    return blocks[near > 0.5].reshape(-1)
