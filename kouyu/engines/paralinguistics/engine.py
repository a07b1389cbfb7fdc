"""The interfaces of gender and emotion recognition."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.user_voice import Gender, UserEmotion
from kouyu.engines.work import Priority


class GenderRecognizer(Protocol):
    """Recognises a speaker's gender by the voice."""

    async def gender(self, speech: NDArray[np.float32]) -> Gender | None:
        """Return the speaker's gender, or None if it is uncertain, which is not an error.

        ``speech``: mono float32, -1 to 1, at SPEECH_RATE, of any length; pauses do no harm. Raises EngineError.
        """
        ...


class EmotionRecognizer(Protocol):
    """Recognises a speaker's emotion."""

    async def emotion(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> UserEmotion | None:
        """Return the speaker's emotion, or None if it is uncertain or not one of the protocol's.

        ``speech``: mono float32, -1 to 1, at SPEECH_RATE, of any length. Raises EngineError.
        """
        ...

    async def close(self) -> None:
        """Free the engine's resources."""
        ...
