"""End of turn: the engine's face."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

TURN_SECONDS: Final = 8.0
"""The most audio a judge looks at: the end of the turn."""


class TurnJudge(Protocol):
    """Judges whether a user who has just stopped speaking has finished what they wanted to say."""

    async def completeness(self, audio: NDArray[np.float32], transcript: str, language: str) -> float:
        """How likely the turn is over: 0 (the user goes on) to 1 (finished); 0.5 is the point to decide at.

        ``audio`` is the turn so far with the silence behind it, mono float32, -1 to 1, at SPEECH_RATE; up to its last
        TURN_SECONDS count. ``transcript`` is what was heard of it, "" when that is not known yet; ``language`` its
        ISO 639-1 code, or "". Raises EngineError when it cannot.
        """
        ...

    async def close(self) -> None:
        """Free what the engine holds."""
        ...
