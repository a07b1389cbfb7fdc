"""Makes scenes for the noise benchmark: a target speaker's sentences in noise, or in a room where others talk.

All sound is made here: speech by the built-in voices, white noise, and key strokes of a keyboard.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

import numpy as np
import soxr

from evals.end_of_turn_utterances import sentences
from kouyu.audio.pcm import Samples
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer, SynthesisOptions
from kouyu.engines.tts.kokoro import KokoroSynthesizer
from kouyu.engines.tts.piper import PiperSynthesizer
from kouyu.weights.cache import folder

LEVEL_DBFS: Final = -26.0
"""Of the target's speech."""
ROOM_DBFS: Final = -65.0
LEARNING: Final = 3
"""Sentences of the target before any other speaker."""
SENTENCES: Final = 11
PAUSE_S: Final = 1.6
LONG_PAUSE_S: Final = 3.0
"""Pause during which another speaker goes on talking."""
_KEYS_PER_S: Final = 6.0

Voices = Mapping[str, Sequence[tuple[str, Samples]]]
"""By voice: sentences with their sound, at LEVEL_DBFS."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in a scene: who says it, and the samples it lies between."""

    voice: str
    text: str
    start: int
    end: int


@dataclass
class Scene:
    """Audio at SPEECH_RATE and what is said in it one after the other."""

    target: str
    audio: Samples
    said: list[Said] = field(default_factory=list)

    @property
    def by_target(self) -> list[Said]:
        """The target's sentences, without those that it is learnt from."""
        return [one for one in self.said if one.voice == self.target][LEARNING:]

    @property
    def by_others(self) -> list[Said]:
        """Everybody else's."""
        return [one for one in self.said if one.voice != self.target]


async def spoken(scheduler: Scheduler, count: int = SENTENCES) -> Voices:
    """The same ``count`` sentences in each of the built-in voices. Raises MissingWeights and EngineUnavailable."""
    texts = [one.text for one in sentences("en") if not any(word in one.text for word in ("five", "seven", "um,"))]
    voices: dict[str, list[tuple[str, Samples]]] = {}
    for synthesizer in (
        await PiperSynthesizer.load(scheduler, folder("piper-joe")),
        await KokoroSynthesizer.load(scheduler, folder("kokoro")),
    ):
        for voice in synthesizer.voices():
            sounds = [(text, await _say(synthesizer, voice.voice_id, text)) for text in texts[:count]]
            voices[voice.voice_id] = sounds
        await synthesizer.close()
    return voices


def alone(voices: Voices, target: str) -> Scene:
    """The target's sentences with pauses between them, in a quiet room."""
    return _in_turn(target, [(target, *one) for one in voices[target]])


def in_noise(scene: Scene, kind: str, ratio_db: float) -> Scene:
    """Add noise ``ratio_db`` below the target's speech: "white", "pink" or "keyboard"."""
    noise = {"white": _white, "pink": _pink, "keyboard": _keyboard}[kind](len(scene.audio))
    return Scene(scene.target, scene.audio + _at(noise, LEVEL_DBFS - ratio_db), scene.said)


def others_in_turn(voices: Voices, target: str, ratio_db: float) -> Scene:
    """First the target, then another speaker and the target in turn; the others ``ratio_db`` below the target."""
    quieter = np.float32(10 ** (-ratio_db / 20))
    others = cycle(voice for voice in voices if voice != target)
    line = [(target, *one) for one in voices[target][:LEARNING]]
    for index in range(LEARNING, len(voices[target])):
        other = next(others)
        text, sound = voices[other][(index * 2) % len(voices[other])]
        line += [(other, text, sound * quieter), (target, *voices[target][index])]
    return _in_turn(target, line)


def others_at_once(voices: Voices, target: str, ratio_db: float) -> Scene:
    """After the target's first sentences another speaker talks all the time, ``ratio_db`` below the target."""
    scene = _in_turn(target, [(target, *one) for one in voices[target]], LONG_PAUSE_S)
    other = next(voice for voice in reversed(list(voices)) if voice != target)
    begin = scene.by_target[0].start - round(LONG_PAUSE_S / 2 * SPEECH_RATE)
    talk = np.concatenate([sound for _, sound in voices[other]])
    talk = np.resize(talk, len(scene.audio) - begin) * np.float32(10 ** (-ratio_db / 20))
    return Scene(target, scene.audio + np.pad(talk, (begin, 0)), scene.said)


def _in_turn(target: str, line: Sequence[tuple[str, str, Samples]], pause_s: float = PAUSE_S) -> Scene:
    pause = np.zeros(round(pause_s * SPEECH_RATE), np.float32)
    pieces, said, at = [pause], [], len(pause)
    for voice, text, sound in line:
        said.append(Said(voice, text, at, at + len(sound)))
        pieces += [sound, pause]
        at += len(sound) + len(pause)
    audio = np.concatenate(pieces)
    return Scene(target, audio + _at(_white(len(audio)), ROOM_DBFS), said)


def _at(sound: Samples, level_dbfs: float) -> Samples:
    """The sound with this root mean square."""
    scaled: Samples = sound * np.float32(10 ** (level_dbfs / 20) / np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    return scaled


def _white(samples: int) -> Samples:
    return np.random.default_rng(5).normal(0.0, 1.0, samples).astype(np.float32)


def _pink(samples: int) -> Samples:
    """As loud in each octave, from 50 Hz up."""
    spectrum, hz = np.fft.rfft(_white(samples)), np.fft.rfftfreq(samples, 1 / SPEECH_RATE)
    shaped = np.where(hz < 50, 0, spectrum / np.sqrt(np.maximum(hz, 1)))
    return np.fft.irfft(shaped, samples).astype(np.float32)


def _keyboard(samples: int) -> Samples:
    """Key strokes at irregular moments: a click as the key goes down, a softer one as it comes up."""
    sound, random = np.zeros(samples, np.float32), np.random.default_rng(6)
    for at in _moments(samples, random):
        for delay_s, strength in ((0.0, 1.0), (random.uniform(0.05, 0.09), 0.4)):
            click = _click(random) * np.float32(strength * random.uniform(0.5, 1.0))
            start = at + round(delay_s * SPEECH_RATE)
            end = min(samples, start + len(click))
            sound[start:end] += click[: max(0, end - start)]
    return sound


def _moments(samples: int, random: np.random.Generator) -> Iterator[int]:
    at = 0.0
    while (at := at + random.exponential(1 / _KEYS_PER_S)) * SPEECH_RATE < samples:
        yield int(at * SPEECH_RATE)


def _click(random: np.random.Generator) -> Samples:
    """Noise that rings at the key's own pitch and dies away within 15 ms."""
    time = np.arange(round(0.03 * SPEECH_RATE)) / SPEECH_RATE
    ring = np.sin(2 * np.pi * random.uniform(1500, 4000) * time)
    return ((ring + random.normal(0, 0.7, len(time))) * np.exp(-time / 0.004)).astype(np.float32)


async def _say(synthesizer: SpeechSynthesizer, voice_id: str, text: str) -> Samples:
    async with aclosing(synthesizer.synthesize(text, SynthesisOptions(voice_id=voice_id), Priority.SENTENCE)) as pieces:
        parts = [soxr.resample(piece.samples, piece.sample_rate, SPEECH_RATE) async for piece in pieces]
    return at_level(np.concatenate(parts).astype(np.float32))


def at_level(sound: Samples) -> Samples:
    """The sound with its loud parts at LEVEL_DBFS."""
    loud = sound[np.abs(sound) > 10 ** (-50 / 20)]
    return sound * np.float32(10 ** (LEVEL_DBFS / 20) / np.sqrt(np.mean(np.square(loud, dtype=np.float64))))
