"""When to doubt what Whisper says it heard: noise taken for words, and loops."""

import re
from difflib import SequenceMatcher
from typing import Final

NO_SPEECH: Final = 0.45
UNSURE: Final = -1.15
"""Over 34 spoken English utterances, one-word ones among them, the probability of no speech stayed below 0.40 and the
mean log probability above -1.12; over white and brown noise, hum, clicks, coughs, babble and silence they were 0.51 to
0.92 and -1.24 to -1.93 (model ``base``, five-second windows)."""

SURE_OF_NO_SPEECH: Final = 0.8
NOT_QUITE_SURE: Final = -0.6
"""Where nobody speaks at all, a wide search makes up likelier words, such as "You"."""

HOPELESS: Final = -2.5
"""A mean log probability that no text heard rightly had, in either language."""

WORD_TIMES: Final = 3
DIGIT_TIMES: Final = 6
"""So often in a row a word, or one digit of a number that is told digit by digit, is said only by a loop."""

NEARLY: Final = 0.7
NEARLY_FROM: Final = 3
"""From this many units on, a phrase of which the share NEARLY comes back counts as coming back."""

_DIGITS: Final = frozenset(
    {"zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", *"零一二三四五六七八九幺"}
)
_UNITS: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+(?:'\w+)?")


def is_noise(score: float, no_speech: float) -> bool:
    """Whether an answer of this mean log probability, with this probability of no speech, was made of noise."""
    if no_speech > SURE_OF_NO_SPEECH:
        return score < NOT_QUITE_SURE
    return score < (UNSURE if no_speech > NO_SPEECH else HOPELESS)


def loops(text: str) -> bool:
    """Whether ``text`` may be a loop: something that is said and at once said again, or one word three times.

    People do say such things, so it is a reason to listen again with more care, not to throw it away. In the loops of
    short windows a sentence comes back slightly changed, so most of its words in their order are enough.
    """
    return _first_return(text) is not None


def without_loops(text: str) -> str:
    """``text`` up to where its first loop comes round again."""
    at = _first_return(text)
    return text if at is None else text[:at].rstrip(" ,，、")


def _units(text: str) -> list[str]:
    return [unit.lower() for unit in _UNITS.findall(text)]


def _first_return(text: str) -> int | None:
    """Where in ``text`` something begins for the second time, or None."""
    units = _units(text)
    for at in range(1, len(units)):
        if _repeats_before(units, at) or any(_comes_back(units, first, at) for first in _openings(text)):
            return [match.start() for match in _UNITS.finditer(text)][at]
    return None


def _repeats_before(units: list[str], at: int) -> bool:
    """Whether the unit before comes three times, or a phrase that ends there comes again."""
    times = DIGIT_TIMES if units[at] in _DIGITS else WORD_TIMES
    if len(units) >= at + times - 1 and set(units[at - 1 : at + times - 1]) == {units[at]}:
        return True
    return any(units[at - size : at] == units[at : at + size] for size in range(2, min(at, len(units) - at) + 1))


def _comes_back(units: list[str], first: int, at: int) -> bool:
    """Whether what is said from ``at`` on is nearly what was said from ``first`` to there."""
    before, after = units[first:at], units[at : 2 * at - first]
    if len(before) < NEARLY_FROM or len(after) < NEARLY_FROM or before[:2] != after[:2]:
        return False
    same = sum(block.size for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks())
    return same >= NEARLY * len(after)


def _openings(text: str) -> list[int]:
    """The units that begin a sentence."""
    return [0, *(len(_units(text[: mark.end()])) for mark in re.finditer(r"[.?!。？！]", text))]
