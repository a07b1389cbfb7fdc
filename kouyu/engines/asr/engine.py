"""Speech recognition: the engine's face."""

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.engines.scheduler import Priority


class RecognitionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to recognise one utterance."""

    language: str | None = None
    """ISO 639-1 code (``en``, ``zh``, ``yue`` ...), or None to let the engine find out."""
    hot_words: tuple[str, ...] = ()
    context: str = ""
    numbers_in_words: bool = False
    """Numbers as they are spoken ("two fifteen"), where the engine can; else it writes figures as it pleases."""


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard. ``text`` is empty where there was no speech; ``language`` is an ISO 639-1 code."""

    text: str
    language: str
    language_is_sure: bool = False
    """It was guessed, from enough speech and without doubt: more of the same utterance needs no other guess."""


class SpeechRecognizer(Protocol):
    """Recognises whole utterances. Cancelling the awaiting task stops the work at the engine's next chance."""

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        """Recognise ``audio``: mono float32, -1 to 1, at SPEECH_RATE.

        Raises EngineError when it cannot.
        """
        ...

    async def close(self) -> None:
        """Free what the engine holds."""
        ...
