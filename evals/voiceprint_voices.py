"""Makes speakers for the voiceprint benchmark: built-in voices, and the same with shifted pitch and formants.

No recording of a person is among them. A shifted voice counts as a speaker of its own, which makes the hardest
impostors: the same voice a little higher. Each utterance comes through a room and a microphone of its own, since the
recordings of one person differ in these too.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
import soxr
from numpy.typing import NDArray

from evals.end_of_turn_utterances import sentences
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer, SynthesisOptions
from kouyu.engines.tts.hibari import HibariSynthesizer
from kouyu.engines.tts.kokoro import KokoroSynthesizer
from kouyu.engines.tts.piper import PiperSynthesizer
from kouyu.weights.cache import folder

SHIFTS: Final = (0.88, 1.0, 1.14)
"""Factors for pitch and formants; 1.0 is the voice unchanged."""

VOICES: Final[Mapping[str, Sequence[str]]] = {
    "hibari-en-us-heart": ("en",),
    "piper-en-us-joe": ("en",),
    "kokoro-zf-xiaobei": ("zh",),
    "kokoro-zf-xiaoxiao": ("zh",),
    "kokoro-zm-yunxi": ("zh",),
    "kokoro-zm-yunyang": ("zh",),
    "kokoro-zm-yunjian": ("zh",),
    "kokoro-af-bella": ("en",),
    "kokoro-am-michael": ("en",),
    "kokoro-am-fenrir": ("en",),
    "kokoro-bf-emma": ("en",),
    "kokoro-bm-george": ("en",),
    "kokoro-jf-alpha": ("zh",),
    "kokoro-jm-kumo": ("zh",),
}
"""Six women and eight men, each in one language. Without Kokoro's af-heart, from which hibari learnt its voice."""

SENTENCES: Final = 12
"""Of each voice and language."""

SPEEDS: Final = (-15, 0, 20)
"""``speech_rate``, in turn from sentence to sentence."""

Audio = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice, shifted or not, and what it says: clean utterances at SPEECH_RATE, by language."""

    voice: str
    shift: float
    utterances: dict[str, tuple[Audio, ...]]

    @property
    def name(self) -> str:
        """Such as ``kokoro-jf-alpha x0.88``."""
        return f"{self.voice} x{self.shift:g}"


async def spoken_by_all(
    kept_in: Path, shifts: Sequence[float] = SHIFTS, voices: Mapping[str, Sequence[str]] = VOICES
) -> list[Speaker]:
    """Every voice at every shift, with SENTENCES of the end-of-turn benchmark in each of its languages in ``voices``.

    Spoken once, which takes some ten minutes of processor time, then read from ``kept_in``. Raises MissingWeights,
    EngineUnavailable.
    """
    await asyncio.to_thread(kept_in.mkdir, parents=True, exist_ok=True)
    scheduler = Scheduler(1)
    speakers: list[Speaker] = []
    for synthesizer in (
        await HibariSynthesizer.load(scheduler),
        await PiperSynthesizer.load(scheduler, folder("piper-joe")),
        await KokoroSynthesizer.load(scheduler, folder("kokoro"), voices=folder("kokoro-voices")),
    ):
        onnxruntime.set_seed(1)
        for voice in synthesizer.voices():
            if languages := voices.get(voice.voice_id):
                said = {language: await _said(synthesizer, voice.voice_id, language, kept_in) for language in languages}
                speakers += [_shifted(voice.voice_id, shift, said) for shift in shifts]
        await synthesizer.close()
    await scheduler.close()
    return speakers


def through_a_room(audio: Audio, seed: int) -> Audio:
    """Simulate another room and microphone: echo, tone, noise, level; sometimes a telephone."""
    rng = np.random.default_rng(seed)
    heard = audio.astype(np.float64)
    decay_s, direct = rng.uniform(0.05, 0.35), rng.uniform(4.0, 12.0)
    tail = rng.normal(size=int(decay_s * SPEECH_RATE)) * np.exp(-6.9 * np.linspace(0, 1, int(decay_s * SPEECH_RATE)))
    response = np.concatenate(([direct], tail / np.linalg.norm(tail)))
    size = len(heard) + len(response)
    spectrum = np.fft.rfft(heard, size) * np.fft.rfft(response, size)
    frequencies = np.fft.rfftfreq(size, 1 / SPEECH_RATE)
    tilt = rng.uniform(-1.5, 1.5) * np.log2(np.maximum(frequencies, 100) / 1000)
    if rng.random() < 0.1:
        tilt -= 40.0 * ((frequencies < 250) | (frequencies > 3600))
    heard = np.fft.irfft(spectrum * 10 ** (tilt / 20), size)[: len(audio)]
    heard *= 10 ** (rng.uniform(-32, -18) / 20) / np.sqrt(np.mean(np.square(heard)))
    noise = rng.normal(size=len(heard))
    noise -= np.convolve(noise, np.ones(161) / 161, mode="same")
    loudness = np.sqrt(np.mean(np.square(heard))) * 10 ** (-rng.uniform(20, 40) / 20)
    noisy = heard + noise * loudness / np.sqrt(np.mean(np.square(noise)))
    return np.asarray(np.clip(noisy, -1, 1), np.float32)


async def _said(synthesizer: SpeechSynthesizer, voice_id: str, language: str, kept_in: Path) -> tuple[Audio, ...]:
    file = kept_in / f"{voice_id}-{language}.npz"
    if not await asyncio.to_thread(file.exists):
        texts = [sentence.text for sentence in sentences(language)][:SENTENCES]
        said = [await _say(synthesizer, voice_id, text, SPEEDS[at % 3]) for at, text in enumerate(texts)]
        await asyncio.to_thread(np.savez, file, *said)
    with np.load(file) as kept:
        return tuple(kept[name] for name in kept.files)


async def _say(synthesizer: SpeechSynthesizer, voice_id: str, text: str, speed: int) -> Audio:
    options = SynthesisOptions(voice_id=voice_id, speech_rate=speed)
    async with aclosing(synthesizer.synthesize(text, options, Priority.SENTENCE)) as pieces:
        parts = [soxr.resample(piece.samples, piece.sample_rate, SPEECH_RATE) async for piece in pieces]
    return np.concatenate(parts).astype(np.float32)


def _shifted(voice: str, shift: float, said: Mapping[str, tuple[Audio, ...]]) -> Speaker:
    def shifted(audios: Sequence[Audio]) -> Iterator[Audio]:
        for audio in audios:
            yield audio if shift == 1.0 else soxr.resample(audio, SPEECH_RATE * shift, SPEECH_RATE)

    return Speaker(voice, shift, {language: tuple(shifted(audios)) for language, audios in said.items()})
