"""Speech recognition with SenseVoice: Mandarin, Cantonese, English, Japanese and Korean.

It decodes all of an utterance at once, without a language model that could make up text, and detects the language by
itself: a language that it is told, hot words and context have no effect. Its weights are fetched from their original's
home, under a licence of their own.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.asr.windows import cut_at_pauses
from kouyu.engines.declaration import Engine, EngineContext, Threads
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import CancelToken, Priority, Scheduler, WorkCancelled
from kouyu.engines.sense_voice_model import LEAST_SPEECH_S, WEIGHT_SET, SenseVoiceModel
from kouyu.text.joining import appended
from kouyu.text.language import language_of
from kouyu.weights import cache

LANGUAGES: Final = frozenset({"zh", "yue", "en", "ja", "ko"})


class SenseVoiceRecognizer:
    """A SpeechRecognizer. Make one with ``load``."""

    def __init__(self, scheduler: Scheduler, model: SenseVoiceModel) -> None:
        self._scheduler = scheduler
        self._model = model

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        """As SpeechRecognizer. Of ``options`` nothing has an effect on the words."""

        def work(token: CancelToken) -> Recognition:
            return self._recognize(audio, options, token)

        try:
            return await self._scheduler.run(work, priority)
        except WorkCancelled as error:
            raise EngineError("speech recognition is closed") from error

    async def close(self) -> None:
        """Do nothing: memory is freed with the object."""

    def _recognize(self, audio: NDArray[np.float32], options: RecognitionOptions, token: CancelToken) -> Recognition:
        text, language = "", ""
        for window in cut_at_pauses(audio):
            token.check()
            if len(window) < LEAST_SPEECH_S * SPEECH_RATE:
                continue
            result = self._model.result(window)
            text = appended(text, str(result.text).strip())
            heard = str(result.lang).strip("<|>")
            language = language or (heard if heard in LANGUAGES else "")
        return Recognition(text=text, language=language or language_of(text) or options.language or "zh")


class SenseVoiceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.sense_voice_asr]: recognition on this machine by SenseVoice."""

    threads: Threads = 1
    """Threads of one recognition."""


async def _load(context: EngineContext, options: SenseVoiceOptions) -> SenseVoiceRecognizer:
    def opened(_: CancelToken) -> SenseVoiceModel:
        return SenseVoiceModel(
            cache.folder(WEIGHT_SET), purpose="speech recognition", with_marks=True, threads=options.threads
        )

    return SenseVoiceRecognizer(context.scheduler, await context.scheduler.run(opened, Priority.BATCH))


ENGINE: Final = Engine(
    name="sense-voice",
    kind="asr",
    load=_load,
    options=SenseVoiceOptions,
    weights=lambda _: (WEIGHT_SET,),
    libraries=("sherpa_onnx",),
)
