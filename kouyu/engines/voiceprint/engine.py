"""Voiceprints: the engine's face."""

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.work import Priority

Voiceprint: TypeAlias = NDArray[np.float32]
"""A vector of length 1. The cosine of two, their dot product, says how alike two voices are."""


class SpeakerEncoder(Protocol):
    """Turns speech into a vector that says who speaks, whatever is said."""

    model: str
    """Which encoder, with its version: only voiceprints of the same one can be compared."""

    async def encode(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> Voiceprint:
        """The voiceprint of one speaker's speech.

        ``speech``: mono float32, -1 to 1, at SPEECH_RATE, without long silences (``speech_only`` takes them out), of
        any length above none; the more of it, up to some ten seconds, the surer the voiceprint. Raises EngineError
        when it cannot, which empty and silent audio also leads to.
        """
        ...

    async def close(self) -> None:
        """Free what the engine holds."""
        ...
