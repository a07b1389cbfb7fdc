"""Complete and cut utterances for the end-of-turn benchmark, spoken by the built-in voices.

A cut one is the complete one's audio up to the place where its speaker breaks off, so that nothing in its melody says
that it ends there. Where that is, is found by speaking its text alone and warping it onto the whole.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import soxr
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.features import log_mel
from kouyu.engines.mel import HOP_SAMPLES
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer, SynthesisOptions
from kouyu.engines.tts.kokoro import KokoroSynthesizer
from kouyu.engines.tts.piper import PiperSynthesizer
from kouyu.weights.cache import folder

SENTENCES: Final = Path(__file__).parent / "end_of_turn_sentences"
LANGUAGES: Final = ("en", "zh")

MOST_VOICES: Final = 3
"""Of each synthesizer, in turn."""

ROOM_NOISE_DECIBELS: Final = -65.0
FADE_S: Final = 0.02

ALIGNED_FRAMES: Final = 2
"""Spectrogram frames in one step of the alignment: 20 ms."""

Audio = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said; ``cut`` is its beginning up to where the speaker breaks off, "" when it is too short for that."""

    language: str
    text: str
    cut: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """Audio at SPEECH_RATE without the silence behind it, what was said in it, and whether that is all."""

    sentence: Sentence
    text: str
    complete: bool
    audio: Audio

    def with_silence(self, seconds: float) -> Audio:
        """The audio with a pause behind it, in a quiet room."""
        paused = np.pad(self.audio, (0, int(seconds * SPEECH_RATE)))
        noise = np.random.default_rng(len(paused)).normal(0.0, 10 ** (ROOM_NOISE_DECIBELS / 20), len(paused))
        return (paused + noise).astype(np.float32)


def sentences(language: str) -> list[Sentence]:
    """All of a language, in the file's order."""
    lines = (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    return [_sentence(language, line) for line in lines if line and not line.startswith("#")]


def halves(all_of_them: Sequence[Sentence]) -> tuple[list[Sentence], list[Sentence]]:
    """Those to tune on and those to report on: every second one."""
    return list(all_of_them[0::2]), list(all_of_them[1::2])


async def utterances(
    language: str, which: Iterable[Sentence], scheduler: Scheduler, *, seed: int = 1
) -> AsyncIterator[Utterance]:
    """Speak each sentence: the complete utterance, then the cut one where there is one.

    English in Piper's voice, which says a thing a little differently with each ``seed``; Mandarin in Kokoro's, always
    the same. Raises MissingWeights and EngineUnavailable.
    """
    onnxruntime.set_seed(seed)
    synthesizer = await _synthesizer(language, scheduler)
    voices = cycle(synthesizer.voices()[:MOST_VOICES])
    for sentence, voice in zip(which, voices, strict=False):
        audio = await _spoken(synthesizer, voice.voice_id, sentence.text)
        yield Utterance(sentence, sentence.text, True, audio)
        if sentence.cut:
            beginning = await _spoken(synthesizer, voice.voice_id, sentence.cut)
            yield Utterance(sentence, sentence.cut, False, _cut_where(beginning, audio))
    await synthesizer.close()


def _sentence(language: str, line: str) -> Sentence:
    cut, bar, rest = line.partition(" | ")
    space = " " if language == "en" else ""
    return Sentence(language, f"{cut}{space}{rest}" if bar else line, cut if bar else "")


async def _synthesizer(language: str, scheduler: Scheduler) -> SpeechSynthesizer:
    if language == "en":
        return await PiperSynthesizer.load(scheduler, folder("piper-joe"))
    return await KokoroSynthesizer.load(scheduler, folder("kokoro"))


async def _spoken(synthesizer: SpeechSynthesizer, voice_id: str, text: str) -> Audio:
    options = SynthesisOptions(voice_id=voice_id)
    async with aclosing(synthesizer.synthesize(text, options, Priority.SENTENCE)) as pieces:
        parts = [soxr.resample(piece.samples, piece.sample_rate, SPEECH_RATE) async for piece in pieces]
    return np.concatenate(parts).astype(np.float32)


def _cut_where(beginning: Audio, whole: Audio) -> Audio:
    """``whole`` up to where ``beginning`` ends in it: there, at the quietest point close by."""
    end = _end_of(_frames(beginning), _frames(whole)) * ALIGNED_FRAMES * HOP_SAMPLES
    reach = int(0.06 * SPEECH_RATE)
    step = int(0.01 * SPEECH_RATE)
    places = range(max(step, end - reach), min(len(whole), end + reach) + 1, step)
    end = min(places, key=lambda place: float(np.square(whole[place - step : place]).sum()))
    cut = whole[:end].copy()
    fade = min(int(FADE_S * SPEECH_RATE), end)
    cut[end - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return cut


def _frames(audio: Audio) -> NDArray[np.float32]:
    spectrum = log_mel(audio)[:, ::ALIGNED_FRAMES].T
    centred: NDArray[np.float32] = spectrum - spectrum.mean(axis=0)
    return centred


def _end_of(beginning: NDArray[np.float32], whole: NDArray[np.float32]) -> int:
    """The frame of ``whole`` where ``beginning`` ends: dynamic time warping that starts together and ends anywhere."""
    distance = np.linalg.norm(beginning[:, None, :] - whole[None, :, :], axis=2)
    before = np.cumsum(distance[0])
    for row in distance[1:]:
        now = np.empty_like(before)
        for column, cost in enumerate(row):
            now[column] = cost + min(_ways_in(before, now, column))
        before = now
    return int(np.argmin(before)) + 1


def _ways_in(before: NDArray[np.float32], now: NDArray[np.float32], column: int) -> Iterator[float]:
    """Where a path through this column may come from: the same sound drawn out, or hurried, or neither."""
    yield float(before[column])
    if column:
        yield float(before[column - 1])
        yield float(now[column - 1])
