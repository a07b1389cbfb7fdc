"""The hibari voice: English, a woman, about 15 times as fast as the others on the same processor.

Model and phonemes come from the package hibari-tts (Apache-2.0). Its model learnt from Kokoro's voice af_heart.
"""

import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from kouyu.audio.tempo import Tempo
from kouyu.engines.declaration import Engine, EngineContext, NoOptions
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.tts.english import english_phonemes
from kouyu.engines.tts.hibari_model import FASTEST, HibariModel
from kouyu.engines.tts.hibari_package import asset
from kouyu.engines.tts.prosody import EMOTIONS, Prosody, prosody_of
from kouyu.engines.tts.speaking import spoken_in_pieces, with_prosody
from kouyu.text.readable import readable

SAMPLE_RATE: Final = 24_000

PIECE_WORDS: Final = 24.0
"""A piece ends at the first clause after so many words: shorter ones would sound earlier by a few ms alone, since the
model speaks in parts, and lose the melody of the sentence."""

MOST_PHONEMES: Final = 400
"""In one call: the model has learnt from sentences of up to about as many."""

VOICE: Final = Voice(
    voice_id="hibari-en-us-heart",
    name="Heart",
    engine="hibari",
    languages=("en",),
    gender="female",
    emotions=EMOTIONS,
    follows_directions=True,
    licence="Apache-2.0",
)


class HibariSynthesizer:
    """A SpeechSynthesizer with one English voice, which gives the same samples each time. Make it with ``load``."""

    def __init__(self, scheduler: Scheduler, model: HibariModel, vocabulary: Mapping[str, int]) -> None:
        self._scheduler = scheduler
        self._model = model
        self._vocabulary = vocabulary

    @classmethod
    async def load(cls, scheduler: Scheduler) -> Self:
        """Read the model and the lexicon and warm up: 0.8 s, on a worker.

        Raises EngineUnavailable when hibari-tts is missing or another release than this one knows.
        """
        return await scheduler.run(lambda _: cls._opened(scheduler), Priority.FINAL)

    @classmethod
    def _opened(cls, scheduler: Scheduler) -> Self:
        synthesizer = cls(scheduler, HibariModel(), json.loads(asset("vocab.json")))
        for _ in synthesizer._speak("Hello there, xqz.", Prosody()):
            pass
        return synthesizer

    def voices(self) -> Sequence[Voice]:
        """Heart."""
        return (VOICE,)

    def synthesize(self, text: str, options: SynthesisOptions, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        """Speak an English sentence, the first piece of it a short one."""
        prosody = prosody_of(options)
        return self._scheduler.stream(lambda _: self._speak(text, prosody), priority)

    async def close(self) -> None:
        """Do nothing: memory is freed with the object."""

    def _speak(self, text: str, prosody: Prosody) -> Iterator[AudioPiece]:
        def say(piece: str) -> Iterator[NDArray[np.float32]]:
            for phonemes in in_calls(english_phonemes(piece), MOST_PHONEMES):
                yield from self._say(phonemes, prosody)

        return spoken_in_pieces(
            readable(text, VOICE.languages),
            say,
            first_words=PIECE_WORDS,
            speed=prosody.speed,
            sample_rate=SAMPLE_RATE,
        )

    def _say(self, phonemes: str, prosody: Prosody) -> Iterator[NDArray[np.float32]]:
        if not any(map(str.isalpha, phonemes)):
            return
        ids = [self._vocabulary[letter] for letter in phonemes if letter in self._vocabulary]
        speed = min(prosody.model_speed, FASTEST)
        # A change of pitch needs the whole piece at once.
        parts = self._model.speak(ids, speed=speed, whole=prosody.semitones != 0)
        spoken = with_prosody(parts, prosody, SAMPLE_RATE)
        yield from spoken if prosody.model_speed <= FASTEST else faster(spoken, prosody.model_speed / speed)


def in_calls(phonemes: str, most: int) -> Iterator[str]:
    """Split phonemes between words, so that no part is longer than ``most``; a longer word is cut."""
    while len(phonemes) > most:
        end = phonemes.rfind(" ", 1, most + 1)
        end = end if end > 0 else most
        yield phonemes[:end].strip()
        phonemes = phonemes[end:].strip()
    yield phonemes


def faster(parts: Iterable[NDArray[np.float32]], speed: float) -> Iterator[NDArray[np.float32]]:
    """Compress speech in time, at the same pitch."""
    tempo = Tempo(speed, SAMPLE_RATE)
    for part in parts:
        yield tempo.feed(part)
    yield tempo.flush()


async def _load(context: EngineContext, options: NoOptions) -> HibariSynthesizer:
    return await HibariSynthesizer.load(context.scheduler)


ENGINE: Final = Engine(name="hibari", kind="tts", load=_load, voices=lambda _: (VOICE,), libraries=("hibari",))
