"""Emotion recognition by SenseVoice, a recogniser whose output starts with an emotion tag."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.declaration import Engine, EngineContext, NoOptions
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.protocol.speech_rate import SPEECH_RATE
from kouyu.protocol.user_voice import UserEmotion
from kouyu.weights import cache

WEIGHT_SET: Final = "sense-voice"
MODEL_FILE: Final = "model.int8.onnx"
TOKENS_FILE: Final = "tokens.txt"

LEAST_SPEECH_S: Final = 0.3
"""Less does not fill one frame of the model."""
MOST_SPEECH_S: Final = 15.0
"""Of longer speech only the end is used."""

EMOTIONS: Final[dict[str, UserEmotion]] = {
    "<|ANGRY|>": "angry",
    "<|HAPPY|>": "happy",
    "<|NEUTRAL|>": "neutral",
    "<|SAD|>": "sad",
    "<|SURPRISED|>": "surprise",
}
"""The protocol's emotion for each of the model's tags. It has none for FEARFUL and DISGUSTED; EMO_UNKNOWN is the
model's tag for "uncertain"."""


class SenseVoiceEmotion:
    """An EmotionRecognizer: SenseVoice (Mandarin, Cantonese, English, Japanese, Korean) on sherpa-onnx.

    One thread, about 250 MB of memory.
    """

    def __init__(self, scheduler: Scheduler, recognizer: Any) -> None:
        """``recognizer``: a ``sherpa_onnx.OfflineRecognizer``. Use ``load``."""
        self._scheduler = scheduler
        self._recognizer = recognizer

    @classmethod
    async def load(cls, scheduler: Scheduler, weights: Path) -> "SenseVoiceEmotion":
        """``weights``: a folder with MODEL_FILE and TOKENS_FILE. Raises EngineUnavailable when the library or a file is
        missing, or a file cannot be read."""
        return cls(scheduler, await scheduler.run(lambda _: _open(weights), Priority.BATCH))

    async def emotion(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> UserEmotion | None:
        """As EmotionRecognizer, on a worker."""
        if len(speech) < LEAST_SPEECH_S * SPEECH_RATE:
            return None
        heard = speech[-round(MOST_SPEECH_S * SPEECH_RATE) :]
        return EMOTIONS.get(await self._scheduler.run(lambda _: self._tag(heard), priority))

    async def close(self) -> None:
        """Do nothing: memory is freed with the object."""

    def _tag(self, speech: NDArray[np.float32]) -> str:
        try:
            stream = self._recognizer.create_stream()
            stream.accept_waveform(SPEECH_RATE, speech)
            self._recognizer.decode_stream(stream)
            return str(stream.result.emotion)
        except RuntimeError as error:  # raised by the library
            raise EngineError(f"emotion recognition failed: {error}") from error


def _open(weights: Path) -> Any:
    try:
        import sherpa_onnx
    except ImportError as error:
        raise EngineUnavailable("emotion recognition needs sherpa-onnx: pip install 'kouyu[emotion]'") from error
    advice = f"try: kouyu models fetch {WEIGHT_SET}"
    if missing := [name for name in (MODEL_FILE, TOKENS_FILE) if not (weights / name).is_file()]:
        raise EngineUnavailable(f"{weights} lacks {' and '.join(missing)}; {advice}")
    try:
        return sherpa_onnx.OfflineRecognizer.from_sense_voice(
            model=str(weights / MODEL_FILE), tokens=str(weights / TOKENS_FILE), num_threads=1, language="auto"
        )
    except RuntimeError as error:
        raise EngineUnavailable(f"{weights} cannot be loaded ({error}); {advice}") from error


async def _load(context: EngineContext, _: NoOptions) -> SenseVoiceEmotion:
    return await SenseVoiceEmotion.load(context.scheduler, cache.folder(WEIGHT_SET))


ENGINE: Final = Engine(name="sense-voice", kind="emotion", load=_load, weights=lambda _: (WEIGHT_SET,))
