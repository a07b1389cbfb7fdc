"""The interface of speech synthesis engines."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.engines.scheduler import Priority


class Emotion(msgspec.Struct, frozen=True, kw_only=True):
    """An emotion a voice can speak with, and the range of its strength."""

    emotion: str
    display_name: str
    scale_min: float = 1.0
    scale_max: float = 5.0
    scale_default: float = 4.0


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice as clients see it in the voice list."""

    voice_id: str
    name: str
    engine: str
    """The name the engine is registered under."""
    languages: tuple[str, ...]
    """ISO 639-1 codes it speaks, its own first."""
    gender: str = "unknown"
    emotions: tuple[Emotion, ...] = ()
    takes_context_texts: bool = False
    """Its engine takes context texts as they are."""
    follows_directions: bool = False
    """It follows those context texts that directions.py knows."""
    licence: str = ""


class SynthesisOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to speak a sentence. A voice ignores options that it does not support."""

    voice_id: str
    speech_rate: int = 0
    """-50 (half speed) to 100 (double speed); the pitch stays."""
    emotion: str = ""
    emotion_scale: float = 4.0
    context_texts: str = ""


class AudioPiece(msgspec.Struct, frozen=True):
    """A piece of speech: mono float32, -1 to 1, at ``sample_rate`` Hz."""

    samples: NDArray[np.float32]
    sample_rate: int


class SpeechSynthesizer(Protocol):
    """Synthesises one sentence at a time, yielding audio as soon as there is some."""

    def voices(self) -> Sequence[Voice]:
        """Its voices, the best default first."""
        ...

    def synthesize(self, text: str, options: SynthesisOptions, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        """Speak ``text``. Closing the generator stops the work at the next piece.

        A text with nothing to pronounce gives no piece. Raises EngineError if it fails.
        """
        ...

    async def close(self) -> None:
        """Free the engine's resources."""
        ...
