"""Kokoro-82M on onnxruntime: Mandarin and English.

The voices of the embedded weight set were recorded in Japanese. They speak Mandarin and English intelligibly, with an
accent; a weight set with more voices in its ``voices.npz`` needs nothing changed here.
"""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.engines.declaration import Engine, EngineContext, Threads
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import Priority, Scheduler, WorkCancelled
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.tts.english import english_phonemes
from kouyu.engines.tts.kokoro_model import KokoroModel, Styles
from kouyu.engines.tts.mandarin import mandarin_phonemes
from kouyu.engines.tts.prosody import EMOTIONS, Prosody, prosody_of
from kouyu.engines.tts.speaking import spoken_in_pieces, with_prosody
from kouyu.text.language import split_by_language
from kouyu.text.readable import readable
from kouyu.weights import cache

log = logging.getLogger(__name__)

SAMPLE_RATE: Final = 24_000
WEIGHT_SET: Final = "kokoro"

MOST_TOKENS: Final = 500
"""Phonemes the model takes in one call, less than the rows of a voice's style table."""

FIRST_PIECE_WORDS: Final = 2.6
"""Four Han letters: all frames of a piece are made before its first sound, so the first piece is short."""

GAIN_DECIBELS: Final = -2.0
"""Brings the voices to about -20 dB RMS, with peaks below full scale."""

CLEAREST_VOICE: Final = "jf_gongitsune"
"""The voice that Whisper base recognised best in 16 Mandarin sentences. Error rates of characters, and of syllables
with and without tone (with every voice it writes "him" for "her", and 6 for its word):

gongitsune 0.08, 0.06, 0.02; nezumi 0.09, 0.07, 0.02; tebukuro 0.09, 0.07, 0.03; kumo 0.13, 0.10, 0.04;
alpha 0.16, 0.14, 0.11.
"""

_OWN_LANGUAGE: Final = {"a": "en", "b": "en", "z": "zh"}
"""Language by the first letter of a voice's key. Other languages have no front end here."""

_GENDER: Final = {"f": "female", "m": "male"}

LEARNT_FROM: Final = "我觉得这个主意不错，"
"""The text from which a voice's statistics are measured before it first speaks."""


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
    ) -> None:
        self._scheduler = scheduler
        self._open_model = open_model
        self._model: KokoroModel | None = None
        self._opening = threading.Lock()
        self._warming: asyncio.Task[None] | None = None
        self._vocabulary = vocabulary
        self._styles: Styles = {voice_id(key): style for key, style in styles.items()}
        keys = sorted(styles, key=lambda key: key != CLEAREST_VOICE)
        self._voices = tuple(_voice(key) for key in keys)
        self._languages = {voice.voice_id: voice.languages for voice in self._voices}

    @classmethod
    async def load(cls, scheduler: Scheduler, weights: Path, options: KokoroOptions | None = None) -> Self:
        """Load the weight set ``kokoro`` from its folder.

        The model and the Mandarin dictionary, about 2 s of work, are loaded in the background, so that a server's start
        does not wait for them; a first sentence does. Raises EngineUnavailable if the weights are missing.
        """
        made = await scheduler.run(
            lambda _: cls._opened(scheduler, weights, options or KokoroOptions()), Priority.FINAL
        )
        made._warming = asyncio.create_task(made._warm_up(), name="kokoro warms up")
        return made

    @classmethod
    def _opened(cls, scheduler: Scheduler, weights: Path, options: KokoroOptions) -> Self:
        def open_model(styles: Styles) -> KokoroModel:
            return KokoroModel(weights / "kokoro.onnx", styles, threads=options.threads, weight_set=WEIGHT_SET)

        try:
            vocabulary = json.loads((weights / "vocab.json").read_text(encoding="utf-8"))["vocab"]
            with np.load(weights / "voices.npz") as voices:
                styles = {key: voices[key] for key in voices.files}
        except (OSError, ValueError, KeyError) as error:
            raise EngineUnavailable(
                f"the files in {weights} are unreadable ({error}); try: kouyu models fetch {WEIGHT_SET}"
            ) from error
        return cls(scheduler, open_model, vocabulary, styles)

    async def _warm_up(self) -> None:
        try:
            await self._scheduler.run(lambda _: self._opened_model(), Priority.SPECULATIVE)
            await self._scheduler.run(lambda _: self._model_for(self._voices[0].voice_id), Priority.SPECULATIVE)
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

    def _model_for(self, voice: str) -> KokoroModel:
        """The model with this voice's statistics. Blocking; takes a second if they are not measured yet."""
        model = self._opened_model()
        if not model.knows(voice):
            model.learn(voice, self._tokens(LEARNT_FROM))
        return model

    def voices(self) -> Sequence[Voice]:
        """All voices of the weight set, the clearest first."""
        return self._voices

    def synthesize(self, text: str, options: SynthesisOptions, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        """Speak a sentence, a piece for each clause or few. Raises EngineError for an unknown voice."""
        if options.voice_id not in self._styles:
            raise EngineError(f"no voice is called {options.voice_id!r}")
        prosody = prosody_of(options, gain_decibels=GAIN_DECIBELS)
        return self._scheduler.stream(lambda _: self._speak(text, options.voice_id, prosody), priority)

    async def close(self) -> None:
        """Stop loading; memory is freed with the object."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)

    def _speak(self, text: str, voice: str, prosody: Prosody) -> Iterator[AudioPiece]:
        def say(piece: str) -> Iterator[NDArray[np.float32]]:
            for tokens in _in_calls(self._tokens(piece)):
                yield from self._say(tokens, voice, prosody)

        spoken = readable(text, self._languages[voice])
        return spoken_in_pieces(
            spoken, say, first_words=FIRST_PIECE_WORDS, speed=prosody.speed, sample_rate=SAMPLE_RATE
        )

    def _tokens(self, text: str) -> list[int]:
        """The ids of the phonemes; none if there are only punctuation marks."""
        phonemes = " ".join(self._phonemes(language, part) for language, part in split_by_language(text)).strip()
        if not any(letter.isalpha() for letter in phonemes):
            return []
        return [self._vocabulary[letter] for letter in phonemes if letter in self._vocabulary]

    def _phonemes(self, language: str, text: str) -> str:
        if language in ("zh", "ja", ""):
            return mandarin_phonemes(text)
        return english_phonemes(text)

    def _say(self, tokens: Sequence[int], voice: str, prosody: Prosody) -> Iterator[NDArray[np.float32]]:
        model = self._model_for(voice)
        # A change of pitch needs the whole piece at once.
        parts = model.speak(tokens, voice, speed=prosody.model_speed, whole=prosody.semitones != 0)
        return with_prosody(parts, prosody, SAMPLE_RATE)


def voice_id(key: str) -> str:
    """The public name of a voice: ``kokoro-jf-alpha`` for ``jf_alpha``."""
    return f"kokoro-{key.replace('_', '-')}"


def _voice(key: str) -> Voice:
    prefix, _, name = key.partition("_")
    own = _OWN_LANGUAGE.get(prefix[:1], "zh")
    return Voice(
        voice_id=voice_id(key),
        name=name.capitalize(),
        engine="kokoro",
        languages=("en", "zh") if own == "en" else ("zh", "en"),
        gender=_GENDER.get(prefix[1:2], "unknown"),
        emotions=EMOTIONS,
        follows_directions=True,
        licence="Apache-2.0",
    )


def _in_calls(tokens: Sequence[int]) -> Iterator[Sequence[int]]:
    """Split the tokens into runs that the model can take. A clause is nearly always one."""
    for begin in range(0, len(tokens), MOST_TOKENS):
        yield tokens[begin : begin + MOST_TOKENS]


async def _load(context: EngineContext, options: KokoroOptions) -> KokoroSynthesizer:
    return await KokoroSynthesizer.load(context.scheduler, cache.folder(WEIGHT_SET), options)


ENGINE: Final = Engine(name="kokoro", kind="tts", load=_load, options=KokoroOptions, weights=lambda _: (WEIGHT_SET,))
