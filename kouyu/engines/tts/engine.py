"""Speech synthesis: the engine's face."""

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
    """It is given them as they are."""
    follows_directions: bool = False
    """Of context texts it follows what directions.py knows."""
    licence: str = ""


class SynthesisOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to say a sentence. A voice ignores what it lacks."""

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
    """Speaks one sentence at a time, giving audio as soon as it has some."""

    def voices(self) -> Sequence[Voice]:
        """The voices it has, the best default first."""
        ...

    def synthesize(self, text: str, options: SynthesisOptions, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        """Speak ``text``. Closing the generator stops the work at the next piece.

        A text with nothing to pronounce gives no piece. Raises EngineError when it cannot.
        """
        ...

    async def close(self) -> None:
        """Free what the engine holds."""
        ...
