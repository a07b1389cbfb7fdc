"""Measures the accuracy of gender detection by length of speech: in quiet, in noise and over a telephone.

    python -m evals.gender

Heard are the built-in voices, English and Mandarin, which are all that can be tested here: two of men and four of
women, each also 12 % lower and 14 % higher. Their pitches lie far apart; people's do not.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import numpy as np
import platformdirs

from evals.end_of_turn_utterances import LANGUAGES
from evals.voiceprint_voices import Audio, Speaker, spoken_by_all, through_a_room
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.domain.user_voice import Gender
from kouyu.engines.paralinguistics.pitch import voiced_pitch
from kouyu.engines.paralinguistics.pitch_gender import gender_of

VOICES: Final = {
    "piper-en-us-joe": ("en",),
    "kokoro-jf-alpha": LANGUAGES,
    "kokoro-jf-gongitsune": LANGUAGES,
    "kokoro-jf-nezumi": LANGUAGES,
    "kokoro-jf-tebukuro": LANGUAGES,
    "kokoro-jm-kumo": LANGUAGES,
}
SECONDS: Final = (0.5, 1.0, 2.0, 4.0)
SENTENCES: Final = 12
"""Of each speaker and language."""
_LOUD: Final = 0.1
"""A sentence begins where it is first so loud, in parts of its loudest sample."""

Surroundings = Callable[[Audio, int], Audio]
"""What a microphone takes up of clean speech; the number is a seed."""


@dataclass
class Tally:
    """Answers that were right, wrong, or none."""

    right: int = 0
    wrong: int = 0
    none: int = 0

    def count(self, told: Gender | None, true: Gender) -> None:
        """One more answer."""
        if told is None:
            self.none += 1
        elif told == true:
            self.right += 1
        else:
            self.wrong += 1

    def __str__(self) -> str:
        parts = (self.right, self.none, self.wrong)
        return " / ".join(f"{100 * part / max(sum(parts), 1):5.1f}" for part in parts)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=platformdirs.user_cache_path("kouyu") / "bench-voices")
    speakers = asyncio.run(spoken_by_all(parser.parse_args().folder, voices=VOICES))
    print("\n".join(report(speakers)))


def report(speakers: Sequence[Speaker]) -> Iterator[str]:
    """Tables, line by line."""
    yield f"{len(speakers)} speakers; right / none / wrong, percent"
    yield f"{'':22}" + "".join(f"{f'{seconds:g} s':>22}" for seconds in SECONDS)
    spent, heard_s = 0.0, 0.0
    for name, surroundings in SURROUNDINGS.items():
        for true in get_args(Gender):
            row = []
            for seconds in SECONDS:
                tally = Tally()
                for seed, speech in enumerate(beginnings(speakers, true, seconds)):
                    audio = surroundings(speech, seed)
                    began = time.process_time()
                    tally.count(gender_of(audio), true)
                    spent += time.process_time() - began
                    heard_s += len(audio) / SPEECH_RATE
                row.append(f"{tally!s:>22}")
            yield f"{name:14}{true:8}" + "".join(row)
    yield f"{1000 * spent / heard_s:.2f} ms of processor time for a second of speech"
    yield from pitches(speakers)


def pitches(speakers: Sequence[Speaker]) -> Iterator[str]:
    """Report the voices' pitches, which limit what the figures above mean."""
    for speaker in speakers:
        for language, audios in speaker.utterances.items():
            medians = [float(np.median(voiced_pitch(audio))) for audio in audios[:SENTENCES]]
            low, high = min(medians), max(medians)
            yield f"{speaker.name:32}{language}  {low:4.0f} to {high:4.0f} Hz"


def beginnings(speakers: Sequence[Speaker], true: Gender, seconds: float) -> Iterator[Audio]:
    """Yield the first seconds of each sentence of speakers of one gender, from its first sound on."""
    for speaker in speakers:
        for audios in speaker.utterances.values() if gender(speaker) == true else ():
            for audio in audios[:SENTENCES]:
                start = int(np.argmax(np.abs(audio) > _LOUD * np.abs(audio).max()))
                yield audio[start : start + round(seconds * SPEECH_RATE)]


def gender(speaker: Speaker) -> Gender:
    """Derive the gender from the voice's name: Kokoro's contain it, Piper's Joe is a man."""
    return "female" if speaker.voice.startswith(("kokoro-jf", "kokoro-af", "kokoro-zf")) else "male"


def in_noise(ratio_db: float) -> Surroundings:
    """Pink noise from 50 Hz on, so far below the speech."""

    def noisy(speech: Audio, seed: int) -> Audio:
        spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=len(speech)))
        hertz = np.fft.rfftfreq(len(speech), 1 / SPEECH_RATE)
        noise = np.fft.irfft(spectrum * (hertz > 50) / np.sqrt(np.maximum(hertz, 50)), len(speech))
        level = np.sqrt(np.mean(np.square(speech)) / np.mean(np.square(noise))) * 10 ** (-ratio_db / 20)
        mixed: Audio = (speech + level * noise).astype(np.float32)
        return mixed

    return noisy


def over_a_telephone(speech: Audio, seed: int) -> Audio:
    """300 to 3400 Hz: the fundamental of a man's voice is lost."""
    spectrum = np.fft.rfft(speech)
    hertz = np.fft.rfftfreq(len(speech), 1 / SPEECH_RATE)
    return np.fft.irfft(spectrum * ((hertz >= 300) & (hertz <= 3400)), len(speech)).astype(np.float32)


SURROUNDINGS: Final[dict[str, Surroundings]] = {
    "quiet": lambda speech, _: speech,
    "noise, 20 dB": in_noise(20),
    "noise, 10 dB": in_noise(10),
    "noise, 5 dB": in_noise(5),
    "in a room": through_a_room,
    "telephone": over_a_telephone,
}

if __name__ == "__main__":
    main()
