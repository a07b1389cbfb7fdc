"""Speech recognition with Whisper on CTranslate2."""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.bias import Bias
from kouyu.engines.asr.decoding import WINDOWS, Begun, Whisper
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.asr.task import Heard, Task, WhisperOptions
from kouyu.engines.asr.windows import cut_at_pauses
from kouyu.engines.declaration import Engine, EngineContext, Threads
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import CancelToken, Priority, Scheduler, WorkCancelled
from kouyu.weights import cache, catalogue

__all__ = ["WhisperOptions", "WhisperRecognizer"]

SHORTEST: Final = SPEECH_RATE // 20
"""Samples of the shortest audio that is recognised: 50 ms."""

LONGEST_TOGETHER: Final = int((WINDOWS[0][1] - WINDOWS[0][0]) * SPEECH_RATE)
"""Samples of the longest audio that is recognised together with that of others: up to it all have one window length."""

INTERIM_ATTEMPTS: Final = 2
"""Most attempts of an interim transcript: never the full window, since the next one comes soon."""

ENGLISH: Final = -1.0
"""Least mean log probability at which an interim transcript by the small English model counts. Of nine English and
twelve Mandarin questions, cut off after 0.8 to 2 s, it gave the English ones -0.97 to -0.35, the Mandarin ones -2.17 to
-1.16; speech of half a second is in doubt in both."""

NEAREST: Final = {"yue": "zh"}
"""Languages that the smaller models do not know, with the nearest one."""


class WhisperRecognizer:
    """A SpeechRecognizer. ``weights`` is the folder of a weight set such as ``whisper-base``.

    With ``english_interims``, the folder of a smaller model for English alone, interim transcripts of speech that is
    likely to be English are made by that, where it is certain enough. Final ones never are.

    The models are loaded by ``warm_up``, or else by the first utterance.
    """

    def __init__(
        self,
        weights: Path,
        scheduler: Scheduler,
        options: WhisperOptions | None = None,
        *,
        english_interims: Path | None = None,
    ) -> None:
        self._weights = weights
        self._english_interims = english_interims
        self._scheduler = scheduler
        self._options = options or WhisperOptions()
        self._whisper: Whisper | None = None
        self._english: Whisper | None = None
        self._loading = threading.Lock()

    async def warm_up(self) -> None:
        """Load the models and run them once, so that the first utterance is as fast as later ones.

        Raises EngineUnavailable when one cannot be loaded.
        """
        click = np.zeros(SPEECH_RATE, np.float32)
        click[SPEECH_RATE // 2] = 0.5
        await self.recognize(click, RecognitionOptions(), Priority.FINAL)
        if self._english_interims is not None:
            await self.recognize(click, RecognitionOptions(language="en"), Priority.INTERIM)

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        """Recognise ``audio``: mono float32, -1 to 1, at SPEECH_RATE, of any length.

        An interim transcript (by its priority) gets no second decoding and at most two window lengths. A language that
        the model does not know is replaced by detection. Raises EngineError.
        """

        def work(token: CancelToken) -> Recognition:
            return self._recognize(audio, options, priority, token)

        try:
            if priority != Priority.INTERIM and SHORTEST <= len(audio) <= LONGEST_TOGETHER:
                group = (id(self), options.numbers_in_words)
                asked = (audio, options)
                return await self._scheduler.run_together(self._together, asked, group=group, priority=priority)
            return await self._scheduler.run(work, priority)
        except WorkCancelled as error:
            raise EngineError("Whisper: the recogniser is closed") from error

    async def close(self) -> None:
        """Release the model; its memory is freed when the last call has ended."""
        self._whisper = self._english = None

    def _together(
        self, asked: Sequence[tuple[tuple[NDArray[np.float32], RecognitionOptions], CancelToken]]
    ) -> Iterator[Callable[[], Recognition]]:
        """Recognise utterances of several speakers, none an interim transcript: the first decoding together."""
        whisper = self._loaded()
        windows = [audio for (audio, _), _ in asked]
        tasks = [self._task(whisper, options, Priority.FINAL) for (_, options), _ in asked]
        languages = [task.language for task in tasks]
        alone = asked[0][1] if len(asked) == 1 else CancelToken()
        begun = whisper.begin(windows, languages, WINDOWS[0][1], tasks[0].numbers_in_words, alone)
        for (_, token), window, task, first in zip(asked, windows, tasks, begun, strict=True):
            yield partial(self._finished, whisper, window, task, first, token)

    def _finished(
        self, whisper: Whisper, window: NDArray[np.float32], task: Task, begun: Begun, token: CancelToken
    ) -> Recognition:
        heard = whisper.listen(window, task, token, begun)
        is_sure = bool(heard.text) and heard.language_is_sure
        return Recognition(text=heard.text, language=heard.language, language_is_sure=is_sure)

    def _recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority, token: CancelToken
    ) -> Recognition:
        whisper = self._loaded()
        task = self._task(whisper, options, priority)
        if len(audio) < SHORTEST:
            return Recognition(text="", language=options.language or self._options.languages[0])
        windows = cut_at_pauses(audio)
        if priority == Priority.INTERIM and (english := self._likely_english(windows, options, task, token)):
            return Recognition(text=english, language="en", language_is_sure=task.language == "en")
        parts: list[Heard] = []
        for window in windows:
            heard = whisper.listen(window, task, token)
            parts.append(heard)
            if heard.text and task.language is None:
                task = msgspec.structs.replace(task, language=heard.language)
        language = next((part.language for part in parts if part.text), parts[0].language)
        text = ("" if language in {"zh", "ja"} else " ").join(part.text for part in parts if part.text)
        return Recognition(
            text=text,
            language=language,
            language_is_sure=bool(text) and all(part.language_is_sure for part in parts),
        )

    def _likely_english(
        self, windows: Sequence[NDArray[np.float32]], options: RecognitionOptions, task: Task, token: CancelToken
    ) -> str:
        """The transcript by the small English model; empty where there is none, it may not know an expected word, or
        its transcript is in doubt, as that of another language is."""
        small = self._english
        if small is None or options.hot_words or options.context:
            return ""
        if (task.language or options.likely_language) != "en" and self._options.languages != ("en",):
            return ""
        task = msgspec.structs.replace(task, language="en")
        parts = [heard for window in windows if (heard := small.listen(window, task, token)).text]
        return " ".join(part.text for part in parts) if all(part.score >= ENGLISH for part in parts) else ""

    def _task(self, whisper: Whisper, options: RecognitionOptions, priority: Priority) -> Task:
        language = options.language
        if language is not None and not whisper.knows(language):
            language = NEAREST.get(language)
        interim = priority == Priority.INTERIM
        return Task(
            language=language,
            bias=Bias(options.hot_words, options.context),
            beam=1 if interim else self._options.beam,
            attempts=INTERIM_ATTEMPTS if interim else len(WINDOWS),
            numbers_in_words=options.numbers_in_words,
        )

    def _loaded(self) -> Whisper:
        with self._loading:
            if self._whisper is None:
                self._whisper = Whisper(self._weights, self._options)
                if self._english_interims is not None:
                    self._english = Whisper(self._english_interims, self._options)
            return self._whisper


class WhisperSettings(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.whisper]: recognition on this machine."""

    weights: Literal["whisper-base", "whisper-tiny-en", "whisper-small"] = "whisper-base"
    """A weight set for recognition in the catalogue; get a missing one with ``kouyu models fetch``."""
    languages: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)] = ("en", "zh")
    """Languages that users may speak (ISO 639-1): language detection chooses among these alone."""
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    compute_type: Annotated[str, Meta(min_length=1)] = "int8"
    interim_weights: Literal["whisper-tiny-en", ""] = "whisper-tiny-en"
    """A smaller weight set, if it is on this machine, for interim transcripts of English; empty: none."""
    threads: Threads = 2
    """Threads of one recognition: one costs less with many sessions, two are faster for a single one."""


async def _load(context: EngineContext, settings: WhisperSettings) -> WhisperRecognizer:
    options = WhisperOptions(
        languages=settings.languages,
        device=settings.device,
        compute_type=settings.compute_type,
        threads=settings.threads,
        replicas=context.workers,
    )
    interims = [name for name in _interim_weights(settings) if cache.is_there(catalogue.find(name))]
    recognizer = WhisperRecognizer(
        cache.folder(settings.weights),
        context.scheduler,
        options,
        english_interims=cache.folder(interims[0]) if interims else None,
    )
    await recognizer.warm_up()
    return recognizer


def _interim_weights(settings: WhisperSettings) -> tuple[str, ...]:
    wanted = "en" in settings.languages and settings.interim_weights not in ("", settings.weights)
    return (settings.interim_weights,) if wanted else ()


ENGINE: Final = Engine(
    name="whisper",
    kind="asr",
    load=_load,
    options=WhisperSettings,
    weights=lambda settings: (settings.weights, *_interim_weights(settings)),
    libraries=("ctranslate2", "tokenizers"),
)
