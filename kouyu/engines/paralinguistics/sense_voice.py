"""Emotion recognition by SenseVoice, a recogniser whose output starts with an emotion tag."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.domain.user_voice import UserEmotion
from kouyu.engines.declaration import Engine, EngineContext, NoOptions
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.sense_voice_model import LEAST_SPEECH_S, WEIGHT_SET, SenseVoiceModel
from kouyu.weights import cache

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

    def __init__(self, scheduler: Scheduler, model: SenseVoiceModel) -> None:
        """Use ``load``."""
        self._scheduler = scheduler
        self._model = model

    @classmethod
    async def load(cls, scheduler: Scheduler, weights: Path) -> "SenseVoiceEmotion":
        """``weights``: as for SenseVoiceModel, whose errors it raises."""
        opened = await scheduler.run(lambda _: SenseVoiceModel(weights, purpose="emotion recognition"), Priority.BATCH)
        return cls(scheduler, opened)

    async def emotion(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> UserEmotion | None:
        """As EmotionRecognizer, on a worker."""
        if len(speech) < LEAST_SPEECH_S * SPEECH_RATE:
            return None
        heard = speech[-round(MOST_SPEECH_S * SPEECH_RATE) :]
        return EMOTIONS.get(await self._scheduler.run(lambda _: str(self._model.result(heard).emotion), priority))

    async def close(self) -> None:
        """Do nothing: memory is freed with the object."""


async def _load(context: EngineContext, _: NoOptions) -> SenseVoiceEmotion:
    return await SenseVoiceEmotion.load(context.scheduler, cache.folder(WEIGHT_SET))


ENGINE: Final = Engine(
    name="sense-voice", kind="emotion", load=_load, weights=lambda _: (WEIGHT_SET,), libraries=("sherpa_onnx",)
)
