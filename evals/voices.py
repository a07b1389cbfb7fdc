"""Compares voices: words misheard, pitch, ends cut off, level, and the length at other speech rates.

    python -m evals.voices                                # English, the first voice of each engine, some minutes
    python -m evals.voices --language zh --rates 0        # Mandarin, the native voices and one recorded in Japanese
    python -m evals.voices hibari-en-us-heart --misheard  # one, and what was understood instead

Each voice speaks the sentences of a file in evals/voice_sentences, through the router, as clients hear them. Words, of
Mandarin letters, are counted in the transcript of the embedded recogniser, both in their spoken form: its own mistakes
are in every row, so only differences between voices mean something. A sentence counts as misheard with more than one
word in ten wrong. Needs the weight sets whisper-base, piper-joe, kokoro and kokoro-voices, and the extra "piper".
"""

import argparse
import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from rapidfuzz.distance import Levenshtein

from kouyu.audio.pcm import Samples
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.asr.whisper import WhisperRecognizer
from kouyu.engines.paralinguistics.pitch import voiced_pitch
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.tts.edges import QUIET
from kouyu.engines.tts.engine import SpeechSynthesizer, SynthesisOptions
from kouyu.engines.tts.hibari import HibariSynthesizer
from kouyu.engines.tts.kokoro import KokoroSynthesizer
from kouyu.engines.tts.piper import PiperOptions, PiperSynthesizer
from kouyu.engines.tts.router import VoiceRouter
from kouyu.text.spoken_form import spoken_form
from kouyu.weights.cache import folder

SENTENCES: Final = Path(__file__).parent / "voice_sentences"
RATES: Final = (0, -50, 100)
"""``speech_rate``: normal, half and double speed."""

JAPANESE: Final = "kokoro-jf-gongitsune"
"""The default Mandarin voice where there are no native ones."""

MOST_WRONG: Final = 0.1
"""Share of a sentence's words; with more it was misheard."""

CUT_OFF_DB: Final = -20.0
"""An end whose last 5 ms are no further below the speech's level than this counts as cut off."""

_FRAME: Final = SPEECH_RATE // 200

_MANDARIN_WORD: Final = re.compile("[\u4e00-\u9fff]|[a-z]+|[0-9]")
"""A Han letter, a word of English, or a digit."""


@dataclass
class Figures:
    """What was measured of one voice at one speech rate."""

    words: int = 0
    wrong: int = 0
    sentences: int = 0
    misheard: int = 0
    by_group: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Wrong words and words."""
    speech_s: list[float] = field(default_factory=list)
    """Of each sentence, without the silence around it."""
    levels: list[float] = field(default_factory=list)
    peak: float = 0.0
    pitches: list[Samples] = field(default_factory=list)
    cut_off: int = 0
    processor_s: float = 0.0

    def count(self, group: str, said: Sequence[str], heard: Sequence[str]) -> int:
        """One more sentence; returns its wrong words."""
        wrong = Levenshtein.distance(said, heard)
        before = self.by_group.get(group, (0, 0))
        self.by_group[group] = (before[0] + wrong, before[1] + len(said))
        self.words += len(said)
        self.wrong += wrong
        self.sentences += 1
        self.misheard += wrong > MOST_WRONG * len(said)
        return wrong

    def measure(self, speech: Samples) -> None:
        """One more sentence at SPEECH_RATE."""
        frames = speech[: len(speech) // _FRAME * _FRAME].reshape(-1, _FRAME)
        rms = np.sqrt(np.mean(np.square(frames), axis=1))
        loud = np.flatnonzero(rms > QUIET)
        begin, end = loud[0], loud[-1] + 1
        level = 20 * np.log10(np.sqrt(np.mean(np.square(frames[begin:end]))))
        self.speech_s.append((end - begin) * _FRAME / SPEECH_RATE)
        self.levels.append(level)
        self.peak = max(self.peak, float(np.abs(speech).max()))
        self.pitches.append(voiced_pitch(speech))
        self.cut_off += sum(20 * np.log10(rms[at] + 1e-9) > level + CUT_OFF_DB for at in (0, -1))


async def main() -> None:
    """Print one table for each speech rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", nargs="*", help="voice_ids; without: see above")
    parser.add_argument("--language", choices=("en", "zh"), default="en")
    parser.add_argument("--rates", nargs="*", type=int, default=RATES[1:], help="speech rates to measure beside 0")
    parser.add_argument("--misheard", action="store_true", help="show the sentences that were not understood")
    parser.add_argument("--only", type=int, default=0, metavar="N", help="only every Nth sentence")
    arguments = parser.parse_args()
    scheduler = Scheduler(1)
    engines = (
        await HibariSynthesizer.load(scheduler),
        await PiperSynthesizer.load(scheduler, folder("piper-joe"), PiperOptions(threads=1, variation=0)),
        await KokoroSynthesizer.load(scheduler, folder("kokoro"), voices=folder("kokoro-voices")),
    )
    router = VoiceRouter(engines, scheduler)
    recognizer = WhisperRecognizer(folder("whisper-base"), scheduler)
    language: str = arguments.language
    voices = arguments.voices or _voices_of(language, engines)
    sentences = list(_sentences(language))[:: max(arguments.only, 1)]
    try:
        for voice in voices:
            normal = Figures()
            for rate in (0, *(rate for rate in arguments.rates if rate)):
                figures = Figures()
                options = SynthesisOptions(voice_id=voice, speech_rate=rate)
                for group, text in sentences:
                    speech = await _spoken(router, text, options, figures)
                    figures.measure(speech)
                    transcript = await recognizer.recognize(
                        speech, RecognitionOptions(language=language), Priority.FINAL
                    )
                    said, heard = _words(text, language), _words(transcript.text, language)
                    if figures.count(group, said, heard) and arguments.misheard:
                        print(f"    {voice} {rate:+}: {text} -> {transcript.text}")
                normal = figures if rate == 0 else normal
                _show(voice, rate, figures, normal)
    finally:
        await router.close()
        await recognizer.close()
        await scheduler.close()


async def _spoken(router: VoiceRouter, text: str, options: SynthesisOptions, figures: Figures) -> Samples:
    parts: list[Samples] = []
    rate = SPEECH_RATE
    begin = time.process_time()
    async with aclosing(router.synthesize(text, options, Priority.FINAL)) as pieces:
        async for piece in pieces:
            parts.append(piece.samples)
            rate = piece.sample_rate
    figures.processor_s += time.process_time() - begin
    return np.asarray(soxr.resample(np.concatenate(parts), rate, SPEECH_RATE), np.float32)


def _show(voice: str, rate: int, figures: Figures, normal: Figures) -> None:
    pitch = np.concatenate(figures.pitches)
    low, middle, high = np.percentile(pitch, (5, 50, 95)) if len(pitch) else (0.0, 0.0, 0.0)
    wanted = 1 / (1 + rate / 100)
    lengths = np.array(figures.speech_s) / np.array(normal.speech_s) / wanted
    print(
        f"{voice} {rate:+4}: {figures.wrong:3} of {figures.words} words wrong,"
        f" {figures.misheard} of {figures.sentences} sentences misheard"
        f" ({', '.join(f'{group} {wrong}/{words}' for group, (wrong, words) in figures.by_group.items())});"
        f" speech {sum(figures.speech_s):.1f} s, {sum(figures.speech_s) / sum(normal.speech_s) / wanted:.3f} of what"
        f" was asked for (sentences {lengths.min():.2f} to {lengths.max():.2f});"
        f" level {np.mean(figures.levels):.1f} dB (lowest {min(figures.levels):.1f}), peak {figures.peak:.2f};"
        f" pitch {low:.0f} / {middle:.0f} / {high:.0f} Hz; {figures.cut_off} ends cut off;"
        f" {figures.processor_s / sum(figures.speech_s):.4f} s of processor time a second of speech",
        flush=True,
    )


def _voices_of(language: str, engines: Sequence[SpeechSynthesizer]) -> list[str]:
    """The first English voice of each engine; or every voice whose own language is Mandarin, but of the others one."""
    if language == "en":
        return [next(voice.voice_id for voice in engine.voices() if "en" in voice.languages) for engine in engines]
    own = [voice.voice_id for engine in engines for voice in engine.voices() if voice.languages[0] == language]
    return [voice for voice in own if voice == JAPANESE or "-j" not in voice]


def _sentences(language: str) -> Iterator[tuple[str, str]]:
    """Group and text of each sentence."""
    group = ""
    for line in (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            group = line[2:]
        elif line:
            yield group, line


def _words(text: str, language: str) -> list[str]:
    spoken = spoken_form(text, language).casefold().replace("-", " ")
    if language == "zh":
        return _MANDARIN_WORD.findall(spoken)
    return "".join(letter for letter in spoken if letter.isalnum() or letter.isspace()).split()


if __name__ == "__main__":
    asyncio.run(main())
