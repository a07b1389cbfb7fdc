"""A Piper voice: English, a man.

The phonemes come from piper-tts (GPL-3.0 or later, an extra); the voice
itself is in the public domain.
"""

import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Self

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kouyu.engines.declaration import Engine, EngineContext, Threads
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts import espeak
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.tts.piper_model import PiperModel
from kouyu.engines.tts.prosody import EMOTIONS, Prosody, prosody_of
from kouyu.engines.tts.speaking import spoken_in_pieces, with_prosody
from kouyu.text.readable import readable
from kouyu.weights import cache

WEIGHT_SET: Final = "piper-joe"
MODEL_FILE: Final = "en_US-joe-medium.onnx"

GAIN_DECIBELS: Final = 3.0
"""Brings the voice to about -20 dB RMS, with peaks below full scale."""

FIRST_PIECE_WORDS: Final = 4.0

VOICE: Final = Voice(
    voice_id="piper-en-us-joe",
    name="Joe",
    engine="piper",
    languages=("en",),
    gender="male",
    emotions=EMOTIONS,
    follows_directions=True,
    licence="CC0-1.0 (needs piper-tts, GPL-3.0-or-later)",
)


class PiperOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.piper]: English speech on this machine."""

    threads: Threads = 2
    """Threads of one sentence: one costs less with many sessions, two are faster for a single one."""
    variation: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """How much the voice varies from one time to the next; at 0 the same text always gives the same samples."""


class PiperSynthesizer:
    """A SpeechSynthesizer with one English voice. Make it with ``load``."""

    def __init__(self, scheduler: Scheduler, model: PiperModel, config: dict[str, Any], variation: float) -> None:
        self._scheduler = scheduler
        self._model = model
        self._ids: dict[str, list[int]] = config["phoneme_id_map"]
        self._sample_rate: int = config["audio"]["sample_rate"]
        inference = config["inference"]
        self._noise: tuple[float, float] = (inference["noise_scale"] * variation, inference["noise_w"] * variation)
        self._length_scale: float = inference["length_scale"]

    @classmethod
    async def load(cls, scheduler: Scheduler, weights: Path, options: PiperOptions | None = None) -> Self:
        """Read the weight set ``piper-joe`` from its folder and warm up: 0.5 s, on a worker.

        Raises EngineUnavailable when the weights are missing.
        """
        return await scheduler.run(lambda _: cls._opened(scheduler, weights, options or PiperOptions()), Priority.FINAL)

    @classmethod
    def _opened(cls, scheduler: Scheduler, weights: Path, options: PiperOptions) -> Self:
        model = PiperModel(weights / MODEL_FILE, threads=options.threads, weight_set=WEIGHT_SET)
        try:
            config = json.loads((weights / f"{MODEL_FILE}.json").read_text(encoding="utf-8"))
            synthesizer = cls(scheduler, model, config, options.variation)
        except (OSError, ValueError, KeyError) as error:
            raise EngineUnavailable(
                f"{MODEL_FILE}.json is unreadable ({error}); try: kouyu models fetch {WEIGHT_SET}"
            ) from error
        for _ in synthesizer._speak("Hello there.", Prosody()):
            pass
        return synthesizer

    def voices(self) -> Sequence[Voice]:
        """Joe."""
        return (VOICE,)

    def synthesize(self, text: str, options: SynthesisOptions, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        """Speak an English sentence, the first piece of it a short one."""
        prosody = prosody_of(options, gain_decibels=GAIN_DECIBELS)
        return self._scheduler.stream(lambda _: self._speak(text, prosody), priority)

    async def close(self) -> None:
        """Do nothing: memory is freed with the object."""

    def _speak(self, text: str, prosody: Prosody) -> Iterator[AudioPiece]:
        def say(piece: str) -> Iterator[NDArray[np.float32]]:
            for phonemes in espeak.sentences_of_phonemes(piece):
                yield from self._say(phonemes, prosody)

        return spoken_in_pieces(
            readable(text, VOICE.languages),
            say,
            first_words=FIRST_PIECE_WORDS,
            speed=prosody.speed,
            sample_rate=self._sample_rate,
        )

    def _say(self, phonemes: list[str], prosody: Prosody) -> Iterator[NDArray[np.float32]]:
        from piper.phoneme_ids import phonemes_to_ids

        if not any(letter.isalpha() for letter in phonemes):
            return
        noise, width = self._noise
        scales = np.array([noise, self._length_scale, width], np.float32)
        parts = self._model.speak(phonemes_to_ids(phonemes, self._ids), scales, prosody.model_speed)
        yield from with_prosody(parts, prosody, self._sample_rate)


async def _load(context: EngineContext, options: PiperOptions) -> PiperSynthesizer:
    return await PiperSynthesizer.load(context.scheduler, cache.folder(WEIGHT_SET), options)


ENGINE: Final = Engine(
    name="piper",
    kind="tts",
    load=_load,
    options=PiperOptions,
    weights=lambda _: (WEIGHT_SET,),
    voices=lambda _: (VOICE,),
    libraries=("piper",),
)
