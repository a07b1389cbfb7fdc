"""Removes pauses from speech, before a voiceprint is computed or its length measured."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.loud_blocks import loud_blocks

_BLOCK: Final = SPEECH_RATE * 3 // 100
"""30 ms, over which loudness is measured."""
_KEPT_BLOCKS: Final = 6
"""Blocks kept on either side of loud ones (180 ms), so that words are not cut."""


def speech_only(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the audio without its pauses. Mono float32 at SPEECH_RATE, of any length.

    If noise makes the levels of speech and pauses too similar, nothing is removed.
    """
    blocks = audio[: len(audio) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    loud = loud_blocks(blocks)
    if loud is None:
        return audio
    near = np.convolve(loud, np.ones(2 * _KEPT_BLOCKS + 1), mode="same")
    return blocks[near > 0.5].reshape(-1)
