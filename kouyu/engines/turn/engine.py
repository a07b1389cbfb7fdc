"""The interface of end-of-turn detection engines."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

TURN_SECONDS: Final = 8.0
"""The most audio an engine takes, in seconds: the end of the turn."""


class TurnJudge(Protocol):
    """Predicts whether a user who has just stopped speaking has finished their turn."""

    async def completeness(self, audio: NDArray[np.float32], transcript: str, language: str) -> float:
        """Return the probability that the turn is over: 0 (the user goes on) to 1 (finished); decide at 0.5.

        ``audio`` is the turn so far with the silence behind it, mono float32, -1 to 1, at SPEECH_RATE; up to its last
        TURN_SECONDS count. ``transcript`` is its text, "" if not known yet; ``language`` its ISO 639-1 code, or "".
        Raises EngineError if it fails.
        """
        ...

    async def close(self) -> None:
        """Free the engine's resources."""
        ...
