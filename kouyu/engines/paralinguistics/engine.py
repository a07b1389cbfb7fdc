"""What a voice tells besides words: the engines' faces."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.work import Priority
from kouyu.protocol.user_voice import Gender, UserEmotion


class GenderRecognizer(Protocol):
    """Judges by the voice whether a man or a woman speaks."""

    async def gender(self, speech: NDArray[np.float32]) -> Gender | None:
        """The gender of one speaker's speech; None where it cannot be told, which is no error.

        ``speech``: mono float32, -1 to 1, at SPEECH_RATE, of any length; pauses do no harm. Raises EngineError.
        """
        ...


class EmotionRecognizer(Protocol):
    """Judges how a speaker feels."""

    async def emotion(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> UserEmotion | None:
        """The emotion in one speaker's speech; None where it is none of the protocol's, or cannot be told.

        ``speech``: mono float32, -1 to 1, at SPEECH_RATE, of any length. Raises EngineError.
        """
        ...

    async def close(self) -> None:
        """Free what the engine holds."""
        ...
