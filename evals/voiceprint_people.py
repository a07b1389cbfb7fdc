"""People for the voiceprint benchmarks: the prompts of Asterisk out of Debian's packages.

Four people; the English and the Spanish prompts are spoken by one woman. Where they come from:
``kouyu/bench/recognition/asterisk_prompts.py``.
"""

import random
from typing import Final

from evals.voiceprint_voices import Speaker
from kouyu.audio.pcm import Samples
from kouyu.bench.recognition.asterisk_prompts import prompts_folder
from kouyu.bench.recognition.recordings import recordings_at

PEOPLE: Final = {"person-1": ("en", "es"), "person-2": ("fr",), "person-3": ("it",), "person-4": ("ru",)}
"""The languages that each speaks."""


def people(prompts: int) -> list[Speaker]:
    """Every person with so many prompts in each language, chosen at random. Raises NoRecordings."""
    return [
        Speaker(name, 1.0, {language: _said(language, prompts) for language in languages})
        for name, languages in PEOPLE.items()
    ]


def is_person(voice: str) -> bool:
    """Whether the voice is one of PEOPLE."""
    return voice in PEOPLE


def _said(language: str, prompts: int) -> tuple[Samples, ...]:
    chosen = random.Random(1).sample(list(recordings_at(prompts_folder(language))), prompts)
    return tuple(recording.samples() for recording in chosen)
