"""Hallucination checks for Whisper: text made up from noise, and repetition loops."""

import re
from difflib import SequenceMatcher
from typing import Final

NO_SPEECH: Final = 0.45
UNSURE: Final = -1.15
"""Of a transcript made without a beam, with ``base`` and windows of 5 s: the probability of no speech and the mean log
probability. Over white, pink and brown noise, hum, clicks, coughs, music and silence they are 0.51 to 0.98 and -1.24 to
-2.24. Over people's speech (127 English prompts) no speech may be as probable, up to 0.96, but then the mean log
probability is above -0.95. A beam search makes up more probable words from noise ("You", -0.9): do not judge by it."""

HOPELESS: Final = -2.5
"""A mean log probability that no correct transcript had, in either language."""

DOUBTFUL: Final = -0.8
"""A mean log probability below which words are often wrong: beams are worth their time."""

WORD_TIMES: Final = 3
DIGIT_TIMES: Final = 6
"""Repetitions in a row of a word, or of a digit in a number dictated digit by digit, that only a loop has."""

NEARLY: Final = 0.7
NEARLY_FROM: Final = 3
"""From this many units on, a phrase counts as repeated if the share NEARLY of it is."""

_DIGITS: Final = frozenset(
    {"zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", *"零一二三四五六七八九幺"}
)
_UNITS: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+(?:'\w+)?")


def is_noise(score: float, no_speech: float) -> bool:
    """Whether a transcript with this mean log probability and this no-speech probability was made up from noise."""
    return score < (UNSURE if no_speech > NO_SPEECH else HOPELESS)


def loops(text: str) -> bool:
    """Whether ``text`` may be a loop: a phrase repeated at once, or one word three times.

    People do say such things, so it is a reason to decode again with a longer window, not to discard the text. In the
    loops of short windows a sentence is repeated slightly changed, so most of its words in order are enough.
    """
    return _first_return(text) is not None


def without_loops(text: str) -> str:
    """``text`` up to the first repetition of its first loop."""
    at = _first_return(text)
    return text if at is None else text[:at].rstrip(" ,，、")


def _units(text: str) -> list[str]:
    return [unit.lower() for unit in _UNITS.findall(text)]


def _first_return(text: str) -> int | None:
    """The index in ``text`` where a repetition begins, or None."""
    units = _units(text)
    for at in range(1, len(units)):
        if _repeats_before(units, at) or any(_comes_back(units, first, at) for first in _openings(text)):
            return [match.start() for match in _UNITS.finditer(text)][at]
    return None


def _repeats_before(units: list[str], at: int) -> bool:
    """Whether the unit before ``at`` occurs three times, or a phrase that ends there is repeated."""
    times = DIGIT_TIMES if units[at] in _DIGITS else WORD_TIMES
    if len(units) >= at + times - 1 and set(units[at - 1 : at + times - 1]) == {units[at]}:
        return True
    return any(units[at - size : at] == units[at : at + size] for size in range(2, min(at, len(units) - at) + 1))


def _comes_back(units: list[str], first: int, at: int) -> bool:
    """Whether the units from ``at`` on nearly equal those from ``first`` to ``at``."""
    before, after = units[first:at], units[at : 2 * at - first]
    if len(before) < NEARLY_FROM or len(after) < NEARLY_FROM or before[:2] != after[:2]:
        return False
    same = sum(block.size for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks())
    return same >= NEARLY * len(after)


def _openings(text: str) -> list[int]:
    """The units that begin a sentence."""
    return [0, *(len(_units(text[: mark.end()])) for mark in re.finditer(r"[.?!。？！]", text))]
