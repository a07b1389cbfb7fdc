"""Kokoro-82M on onnxruntime: Mandarin and English.

The native voices are a weight set of their own (``kokoro-voices``). Those that come with the model were recorded in
Japanese; they speak Mandarin and English intelligibly, with an accent.
"""

import asyncio
import functools
import json
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np
import platformdirs
from numpy.typing import NDArray

from kouyu.audio.tempo import stretched
from kouyu.engines.declaration import Engine, EngineContext, Threads
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import Priority, Scheduler, WorkCancelled
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.tts.english import english_phonemes
from kouyu.engines.tts.kokoro_model import SAMPLE_RATE, KokoroModel, Styles
from kouyu.engines.tts.learnt_voices import LearntVoice, LearntVoices
from kouyu.engines.tts.mandarin import mandarin_phonemes
from kouyu.engines.tts.prosody import EMOTIONS, Prosody, prosody_of
from kouyu.engines.tts.speaking import spoken_in_pieces, with_prosody
from kouyu.engines.work import CancelToken
from kouyu.text.language import split_by_language
from kouyu.text.readable import readable
from kouyu.weights import cache, catalogue

log = logging.getLogger(__name__)

WEIGHT_SET: Final = "kokoro"
VOICES_WEIGHT_SET: Final = "kokoro-voices"

MOST_TOKENS: Final = 500
"""Phonemes the model takes in one call, less than the rows of a voice's style table."""

FIRST_PIECE_WORDS: Final = 2.6
"""Four Han letters: all frames of a piece are made before its first sound, so the first piece is short."""

LEVEL: Final = -20.0
"""dB (RMS) of full scale to which every voice is brought: the peaks stay below full scale."""

FIRST_VOICES: Final = ("zf_xiaobei", "jf_gongitsune")
"""The default: the first of these that is there. Measured by ``python -m evals.voices`` (docs/measurements.md)."""

_ORDER: Final = "zabj"
"""The order of the other voices by the first letter of their keys: Mandarin, American, British, Japanese."""

_BRITISH: Final = "b"

_OWN_LANGUAGE: Final = {"a": "en", _BRITISH: "en", "z": "zh"}
"""Language by the first letter of a voice's key. Other languages have no front end here."""

_GENDER: Final = {"f": "female", "m": "male"}

LEARNT_FROM: Final = {"zh": "我觉得这个主意不错，", "en": "I think that this is a very good idea,"}
"""The text by own language from which a voice's statistics and level are measured before it first speaks."""

_STYLE_TABLE: Final = (510, 1, 256)


class KokoroOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.kokoro]: Mandarin and English speech on this machine."""

    threads: Threads = 2
    """Threads of one sentence: one costs less with many sessions, two are faster for a single one."""


class KokoroSynthesizer:
    """A SpeechSynthesizer with the voices of a Kokoro weight set. Make it with ``load``."""

    def __init__(
        self,
        scheduler: Scheduler,
        open_model: Callable[[Styles], KokoroModel],
        vocabulary: Mapping[str, int],
        styles: Styles,
        learnt: Path,
    ) -> None:
        self._scheduler = scheduler
        self._open_model = open_model
        self._model: KokoroModel | None = None
        self._opening = threading.Lock()
        self._warming: asyncio.Task[None] | None = None
        self._vocabulary = vocabulary
        self._learnt_folder = learnt
        keys = _in_order(styles)
        self._styles: Styles = {voice_id(key): styles[key] for key in keys}
        self._voices = tuple(_voice(key) for key in keys)
        self._languages = {voice.voice_id: voice.languages for voice in self._voices}
        self._british = frozenset(voice_id(key) for key in keys if key.startswith(_BRITISH))

    @classmethod
    async def load(
        cls,
        scheduler: Scheduler,
        weights: Path,
        options: KokoroOptions | None = None,
        *,
        voices: Path | None = None,
        learnt: Path | None = None,
    ) -> Self:
        """Load the weight set ``kokoro`` from its folder, with the further ``voices`` of another folder.

        The model and the Mandarin dictionary, about 2 s of work, are loaded in the background, so that a server's start
        does not wait for them; a first sentence does. Then every voice is measured that was not measured on this
        machine before, 1 s of work for each, and kept in the folder ``learnt``, by default in the user's cache.
        Raises EngineUnavailable if the weights are missing.
        """
        learnt = learnt or platformdirs.user_cache_path("kouyu") / "kokoro-voices"
        made = await scheduler.run(
            lambda _: cls._opened(scheduler, weights, options or KokoroOptions(), voices, learnt), Priority.FINAL
        )
        made._warming = asyncio.create_task(made._warm_up(), name="kokoro warms up")
        return made

    @classmethod
    def _opened(
        cls, scheduler: Scheduler, weights: Path, options: KokoroOptions, voices: Path | None, learnt: Path
    ) -> Self:
        def open_model(styles: Styles) -> KokoroModel:
            return KokoroModel(weights / "kokoro.onnx", styles, threads=options.threads, weight_set=WEIGHT_SET)

        try:
            vocabulary = json.loads((weights / "vocab.json").read_text(encoding="utf-8"))["vocab"]
            with np.load(weights / "voices.npz") as with_model:
                styles: dict[str, NDArray[np.float32]] = {key: with_model[key] for key in with_model.files}
            for file in voices.glob("*.bin") if voices is not None else ():
                styles[file.stem] = np.memmap(file, "<f4", "r", shape=_STYLE_TABLE)
        except (OSError, ValueError, KeyError) as error:
            raise EngineUnavailable(
                f"the files in {weights} are unreadable ({error}); try: kouyu models fetch {WEIGHT_SET}"
            ) from error
        return cls(scheduler, open_model, vocabulary, styles, learnt)

    async def _warm_up(self) -> None:
        try:
            await self._scheduler.run(lambda _: self._opened_model(), Priority.SPECULATIVE)
            # Voices that were measured before take a millisecond each.
            for voice in self._voices:
                await self._scheduler.run(functools.partial(self._measured, voice.voice_id), Priority.SPECULATIVE)
        except EngineError as error:
            log.warning("Kokoro cannot speak: %s", error)
        except WorkCancelled:
            return

    def _opened_model(self) -> KokoroModel:
        """The model, opened at the first call. Blocking."""
        with self._opening:
            if self._model is None:
                self._model = self._open_model(self._styles)
            return self._model

    def _measured(self, voice: str, _: CancelToken) -> None:
        self._learnt_voice(voice)

    def _learnt_voice(self, voice: str) -> LearntVoice:
        """What is measured of a voice. Blocking; takes a second for a voice that is measured now."""
        model = self._opened_model()
        if learnt := model.learnt(voice):
            return learnt
        own_language = self._languages[voice][0]
        tokens = self._tokens(LEARNT_FROM[own_language])
        kept = LearntVoices(self._learnt_folder, model.fingerprint, tokens)
        if learnt := kept.find(self._styles[voice]):
            model.remember(voice, learnt)
        else:
            learnt = model.learn(voice, tokens)
            kept.keep(self._styles[voice], learnt)
        return learnt

    def voices(self) -> Sequence[Voice]:
        """All voices of the weight sets, the default first."""
        return self._voices

    def synthesize(self, text: str, options: SynthesisOptions, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        """Speak a sentence, a piece for each clause or few. Raises EngineError for an unknown voice."""
        if options.voice_id not in self._styles:
            raise EngineError(f"no voice is called {options.voice_id!r}")
        return self._scheduler.stream(lambda _: self._speak(text, options), priority)

    async def all_measured(self) -> None:
        """Wait until every voice is measured, which goes on in the background after ``load``."""
        if self._warming is not None:
            await self._warming

    async def close(self) -> None:
        """Stop loading; memory is freed with the object."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)

    def _speak(self, text: str, options: SynthesisOptions) -> Iterator[AudioPiece]:
        voice = options.voice_id
        prosody = prosody_of(options, gain_decibels=LEVEL - self._learnt_voice(voice).level)

        def say(piece: str) -> Iterator[NDArray[np.float32]]:
            for tokens in _in_calls(self._tokens(piece, british=voice in self._british)):
                yield from self._say(tokens, voice, prosody)

        spoken = readable(text, self._languages[voice])
        return spoken_in_pieces(
            spoken, say, first_words=FIRST_PIECE_WORDS, speed=prosody.speed, sample_rate=SAMPLE_RATE
        )

    def _tokens(self, text: str, *, british: bool = False) -> list[int]:
        """The ids of the phonemes; none if there are only punctuation marks."""
        parts = split_by_language(text)
        phonemes = " ".join(_phonemes(language, part, british=british) for language, part in parts).strip()
        if not any(letter.isalpha() for letter in phonemes):
            return []
        return [self._vocabulary[letter] for letter in phonemes if letter in self._vocabulary]

    def _say(self, tokens: Sequence[int], voice: str, prosody: Prosody) -> Iterator[NDArray[np.float32]]:
        model = self._opened_model()
        # A change of pitch needs the whole piece at once.
        parts = model.speak(tokens, voice, whole=prosody.semitones != 0)
        if prosody.model_speed != 1:
            parts = stretched(parts, prosody.model_speed, SAMPLE_RATE)
        return with_prosody(parts, prosody, SAMPLE_RATE)


def _in_order(keys: Iterable[str]) -> list[str]:
    """The keys of the voices, the default first."""
    known = set(keys)
    default = next((key for key in FIRST_VOICES if key in known), "")
    return sorted(known, key=lambda key: (key != default, _ORDER.find(key[:1]), key))


def voice_id(key: str) -> str:
    """The public name of a voice: ``kokoro-jf-alpha`` for ``jf_alpha``."""
    return f"kokoro-{key.replace('_', '-')}"


def _voice(key: str) -> Voice:
    prefix, _, name = key.partition("_")
    return Voice(
        voice_id=voice_id(key),
        name=name.capitalize(),
        engine="kokoro",
        languages=("en", "zh") if _own_language(key) == "en" else ("zh", "en"),
        gender=_GENDER.get(prefix[1:2], "unknown"),
        emotions=EMOTIONS,
        follows_directions=True,
        licence="Apache-2.0",
    )


def _phonemes(language: str, text: str, *, british: bool) -> str:
    if language in ("zh", "ja", ""):
        return mandarin_phonemes(text)
    return english_phonemes(text, british=british)


def _own_language(key: str) -> str:
    return _OWN_LANGUAGE.get(key[:1], "zh")


def _in_calls(tokens: Sequence[int]) -> Iterator[Sequence[int]]:
    """Split the tokens into runs that the model can take. A clause is nearly always one."""
    for begin in range(0, len(tokens), MOST_TOKENS):
        yield tokens[begin : begin + MOST_TOKENS]


def _voices(_: KokoroOptions) -> tuple[Voice, ...]:
    model, native = catalogue.find(WEIGHT_SET), catalogue.find(VOICES_WEIGHT_SET)
    if not cache.is_there(model):
        return ()
    with np.load(cache.place(model) / "voices.npz") as with_model:
        keys = [*with_model.files]
    if cache.is_there(native):
        keys += [file.stem for file in cache.place(native).glob("*.bin")]
    return tuple(map(_voice, _in_order(keys)))


async def _load(context: EngineContext, options: KokoroOptions) -> KokoroSynthesizer:
    native = catalogue.find(VOICES_WEIGHT_SET)
    voices = cache.place(native) if cache.is_there(native) else None
    return await KokoroSynthesizer.load(context.scheduler, cache.folder(WEIGHT_SET), options, voices=voices)


ENGINE: Final = Engine(
    name="kokoro",
    kind="tts",
    load=_load,
    options=KokoroOptions,
    weights=lambda _: (WEIGHT_SET, VOICES_WEIGHT_SET),
    voices=_voices,
    libraries=("hibari", "jieba", "pinyin_to_ipa"),
)
