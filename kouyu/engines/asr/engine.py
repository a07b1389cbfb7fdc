"""The interface of speech recognition engines."""

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.engines.scheduler import Priority


class RecognitionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to recognise one utterance."""

    language: str | None = None
    """ISO 639-1 code (``en``, ``zh``, ``yue`` ...), or None to detect it."""
    likely_language: str | None = None
    """Likewise: that of the speaker's last utterance. It saves work and decides nothing: it may be another one now."""
    hot_words: tuple[str, ...] = ()
    context: str = ""
    numbers_in_words: bool = False
    """Write numbers as words ("two fifteen") if the engine can; else it chooses digits or words itself."""


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """The transcript. ``text`` is empty if there was no speech; ``language`` is an ISO 639-1 code."""

    text: str
    language: str
    language_is_sure: bool = False
    """Language detection is confident: later transcripts of this utterance can reuse it."""


class SpeechRecognizer(Protocol):
    """Recognises whole utterances. Cancelling the awaiting task stops the work at its next cancellation check."""

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        """Recognise ``audio``: mono float32, -1 to 1, at SPEECH_RATE.

        Raises EngineError if it fails.
        """
        ...

    async def close(self) -> None:
        """Free the engine's resources."""
        ...
