"""Speech without its pauses: what a voiceprint is made of, and how much of it there is."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.loud_blocks import loud_blocks
from kouyu.protocol.speech_rate import SPEECH_RATE

_BLOCK: Final = SPEECH_RATE * 3 // 100
"""30 ms, over which loudness is measured."""
_KEPT_BLOCKS: Final = 6
"""Around what is loud 180 ms stay on either side, so that words are not chopped."""


def speech_only(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The audio without its pauses. Mono float32 at SPEECH_RATE, of any length.

    Where noise leaves speech and pauses too close together to tell, nothing is taken out.
    """
    blocks = audio[: len(audio) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    loud = loud_blocks(blocks)
    if loud is None:
        return audio
    near = np.convolve(loud, np.ones(2 * _KEPT_BLOCKS + 1), mode="same")
    return blocks[near > 0.5].reshape(-1)
