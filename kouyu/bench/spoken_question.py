"""A spoken question for the server, and the check of its transcript."""

from functools import cached_property
from typing import Final, Literal

import msgspec
import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.bench.speech_bounds import speech_bounds

Language = Literal["en", "zh"]

MOST_WRONG: Final = 0.1
"""Share of letters that may differ: spellings vary ("what's", "what is"), words must not."""

_ANNOUNCEMENTS: Final = {
    "en": (
        "This is a long announcement, which nobody needs to hear to its end.",
        "It goes on and on, until somebody speaks.",
    ),
    "zh": ("这是一段很长的通知，没有人需要听到最后。", "它会一直说下去，直到有人开口。"),
}
_MOST_BYTES: Final = 1000


class SpokenQuestion(msgspec.Struct, frozen=True, dict=True):
    """A recording of a question. ``samples``: mono at SPEECH_RATE."""

    name: str
    language: Language
    text: str
    samples: Samples

    @cached_property
    def _bounds(self) -> tuple[int, int]:
        return speech_bounds(self.samples)

    @property
    def speech_start(self) -> int:
        """The first sample of speech, by its level."""
        return self._bounds[0]

    @property
    def speech_end(self) -> int:
        """The sample after the last one of speech, by its level, not the end of the file."""
        return self._bounds[1]

    def understood(self, transcript: str) -> bool:
        """Whether a transcript is right: the same letters and digits, except for a share of MOST_WRONG."""
        said, heard = _letters(self.text), _letters(transcript)
        return edit_distance(said, heard) <= MOST_WRONG * len(said)


def edit_distance(one: str, other: str) -> int:
    """The Levenshtein distance of two texts."""
    row = np.arange(len(other) + 1)
    for index, character in enumerate(one, start=1):
        replaced = row[:-1] + [character != letter for letter in other]
        reached = np.concatenate(([index], np.minimum(replaced, row[1:] + 1)))
        # Inserting: each place is reached at most one step after the place before it.
        row = np.minimum.accumulate(reached - np.arange(len(reached))) + np.arange(len(reached))
    return int(row[-1])


def long_announcement(language: Language) -> str:
    """A text that takes about a minute to say, as long as one event may hold."""
    text = ""
    while True:
        for sentence in _ANNOUNCEMENTS[language]:
            longer = f"{text} {sentence}".strip()
            if len(longer.encode()) > _MOST_BYTES:
                return text
            text = longer


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
