"""Phonetic similarity of two texts, from their letters alone: enough to find a misrecognised word.

Han characters are compared by their pinyin without tones, where sounds that many speakers merge count as one (zh and
z, ng and n). Latin words are compared mostly by their consonants, in classes such as P and B: English vowels have too
many spellings, and misrecognised names differ first in their vowels.
"""

import re
from functools import lru_cache
from typing import Any, Final

from rapidfuzz import fuzz

from kouyu.text.language import LANGUAGE_OF_LETTERS

SHARE_OF_CONSONANTS: Final = 0.7
"""Weight of the consonants in the similarity of two Latin texts; the rest is that of their spelling."""

THE_SAME: Final = 0.95
"""Similarity from which on two Latin texts count as two spellings of one word."""

_HAN: Final = re.compile(f"[{LANGUAGE_OF_LETTERS['zh']}]")
_UNIT: Final = re.compile(rf"{_HAN.pattern}|(?:(?!{_HAN.pattern})[^\W_])+(?:['\u2019]\w+)?")

_JOINED_INITIALS: Final = {"zh": "z", "ch": "c", "sh": "s"}

_CONSONANTS: Final = re.compile(
    r"(?P<N>^[kgp]n|n)|(?P<R>^wr|r)|(?P<S>^x|^ps|tch|sch|[sc]h|[cs]z|ti(?=on|al)|[cs]i(?=on|al|ous)|c(?=[eiy])|s|z)"
    r"|(?P<KS>x)|(?P<J>d?g(?=[eiy])|j)|(?P<F>ph|bh|f|v)|(?P<W>wh?)|(?P<T>gh?t|[td]h?)|(?P<K>ck|[ckg]h?|q)"
    r"|(?P<P>p|b)|(?P<M>m)|(?P<L>l)"
)
"""English spellings of consonants by class; the first that fits counts. Vowels, h and y are left out."""

_HARD_C: Final = re.compile("ck|c(?![eiyh])|q")
_AGAIN: Final = re.compile(r"(.)\1+")


def units(text: str) -> list[re.Match[str]]:
    """Return the matches of the words of ``text``, and of its Han characters one by one."""
    return list(_UNIT.finditer(text))


def has_han(text: str) -> bool:
    """Whether there is a Han character in ``text``."""
    return _HAN.search(text) is not None


def similarity(one: str, other: str) -> float:
    """Return the phonetic similarity of two texts: 0 to 1, 0 if one of them has no sound."""
    letters = _letters(one), _letters(other)
    spelled = fuzz.ratio(*letters) / 100 if all(letters) else 0.0
    if has_han(one) or has_han(other) or not spelled:
        return spelled
    return SHARE_OF_CONSONANTS * fuzz.ratio(skeleton(one), skeleton(other)) / 100 + (1 - SHARE_OF_CONSONANTS) * spelled


@lru_cache(maxsize=1024)
def sounds_in(word: str, text: str, *, at_start: bool = False) -> bool:
    """Whether consecutive units of ``text``, the first ones with ``at_start``, sound like ``word``.

    Han characters must sound exactly the same, Latin words nearly.
    """
    wanted, said = syllables(word), syllables(text)
    if not wanted:
        return False
    longer = 0 if has_han(word) else 1
    for length in range(max(1, len(wanted) - longer), len(wanted) + longer + 1):
        for first in range(1 if at_start else len(said) - length + 1):
            part = said[first : first + length]
            if part == wanted or (longer and similarity(word, " ".join(part)) >= THE_SAME):
                return True
    return False


@lru_cache(maxsize=8192)
def syllables(text: str) -> tuple[str, ...]:
    """Return the sound of each unit of ``text``: the pinyin of a Han character, a Latin word in lower case."""
    said = [match[0].casefold() for match in units(text)]
    pinyin = iter(_pinyin("".join(unit for unit in said if has_han(unit))))
    return tuple(next(pinyin) if has_han(unit) else unit for unit in said)


@lru_cache(maxsize=8192)
def skeleton(text: str) -> str:
    """Return the consonants of ``text``, one capital for each one's class."""
    found = (match.lastgroup or "" for unit in syllables(text) for match in _CONSONANTS.finditer(unit))
    return _AGAIN.sub(r"\1", "".join(found))


@lru_cache(maxsize=8192)
def _letters(text: str) -> str:
    """Convert to pinyin, and Latin words approximately to a pinyin-like spelling."""
    return _AGAIN.sub(r"\1", "".join(_HARD_C.sub("k", unit) for unit in syllables(text)))


def _pinyin(han: str) -> list[str]:
    if not han:
        return []
    from pypinyin import lazy_pinyin

    each: Any = list  # letters without pinyin stay one by one, which the library's types do not declare

    return [_joined(syllable) for syllable in lazy_pinyin(han, errors=each)]


def _joined(syllable: str) -> str:
    initial = _JOINED_INITIALS.get(syllable[:2])
    syllable = syllable if initial is None else initial + syllable[2:]
    return syllable.removesuffix("g") if syllable.endswith("ng") else syllable
