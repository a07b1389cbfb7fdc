"""Counts what is wrong in a transcript: words, or characters in languages written without spaces.

Two counts: *unformatted* compares what was said, whatever the case and punctuation, and whether a number is written in
digits or words; *formatted* compares the texts as they are written.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from rapidfuzz.distance import Levenshtein

from kouyu.text.language import LANGUAGE_OF_LETTERS
from kouyu.text.numbers_in_words import english_in_words, mandarin_in_words

Unit = Literal["word", "character"]

_BY_CHARACTER: Final = frozenset({"zh", "yue", "ja", "th"})
_NO_SPACES: Final = LANGUAGE_OF_LETTERS["zh"] + LANGUAGE_OF_LETTERS["ja"] + LANGUAGE_OF_LETTERS["th"]
_SAID: Final = re.compile(rf"[{_NO_SPACES}]|[^\W_{_NO_SPACES}]+")
_WRITTEN: Final = re.compile(rf"[{_NO_SPACES}]|[^\W_{_NO_SPACES}]+(?:['’][^\W_{_NO_SPACES}]+)*|[^\w\s]")
_LONG_NUMBER: Final = re.compile(r"[0-9]{7,}")
"""Digits in Mandarin that were said one by one."""
_HAN_DIGITS: Final = str.maketrans("0123456789", "零一二三四五六七八九")
_MOST_JOINED: Final = 6
"""Most units that are compared with one word: two of a compound, or the letters of an abbreviation."""
_APOSTROPHES: Final = re.compile(r"(?<=\w)['’](?=\w)")

_NUMBERS: Final = {
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici",
    "ru": "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать",
}
"""The words for 0 to 12 of languages whose numbers kouyu/text does not convert."""
_NUMBER_FORMS: Final = {
    "fr": {"une": "1"},
    "es": {"un": "1", "una": "1"},
    "it": {"un": "1", "una": "1"},
    "ru": {"одна": "1", "одну": "1", "одно": "1", "две": "2", "нуль": "0"},
}
_DIGITS: Final = {
    language: {word: str(number) for number, word in enumerate(words.split())} | _NUMBER_FORMS[language]
    for language, words in _NUMBERS.items()
}


class Errors(msgspec.Struct, frozen=True):
    """Wrong units (replaced, missing and added ones), and the units of what was said."""

    wrong: int = 0
    said: int = 0

    def __add__(self, other: object) -> "Errors":
        if not isinstance(other, Errors):
            return NotImplemented
        return Errors(self.wrong + other.wrong, self.said + other.said)

    @property
    def rate(self) -> float:
        """Wrong units for each unit said; may exceed 1. 0 if nothing was said."""
        return self.wrong / self.said if self.said else 0.0


def unit_of(language: str) -> Unit:
    """What errors in ``language`` (ISO 639-1) are counted in."""
    return "character" if language in _BY_CHARACTER else "word"


def unformatted_errors(said: str, heard: str, language: str, *, accents: bool = True) -> Errors:
    """Compare what was said. Words written together or apart ("voice mail", "P B X") are the same.

    ``accents`` False: accents do not count, for texts that were written without them.
    """
    wanted, got = (said_units(text, language, accents=accents) for text in (said, heard))
    if unit_of(language) == "word":
        wanted, got = _joined_as_in(wanted, got), _joined_as_in(got, wanted)
    return Errors(Levenshtein.distance(wanted, got), len(wanted))


def formatted_errors(said: str, heard: str) -> Errors:
    """Compare the texts as written: case, digits and each punctuation mark count."""
    wanted, got = (_WRITTEN.findall(unicodedata.normalize("NFKC", text)) for text in (said, heard))
    return Errors(Levenshtein.distance(wanted, got), len(wanted))


def said_units(text: str, language: str, *, accents: bool = True) -> list[str]:
    """The words or characters of ``text`` without its formatting: lower case, numbers in words (in digits where kouyu
    has no rules for the language), no punctuation."""
    text = unicodedata.normalize("NFKC", text)
    if language == "en":
        text = english_in_words(text)
    elif language in ("zh", "yue"):
        # Two has two words, and which one is said is not heard from a digit.
        text = mandarin_in_words(_LONG_NUMBER.sub(_digit_by_digit, text)).replace("两", "二")
    units = _SAID.findall(_APOSTROPHES.sub("", text.casefold()))
    digits = _DIGITS.get(language, {})
    units = [digits.get(unit, unit) for unit in units]
    return units if accents else [_plain(unit) for unit in units]


def _joined_as_in(units: Sequence[str], other: Sequence[str]) -> list[str]:
    """``units`` with neighbours joined where ``other`` has them as one word, and not apart."""
    words = {*other}
    joined: list[str] = []
    at = 0
    while at < len(units):
        length = next((length for length in range(_MOST_JOINED, 1, -1) if _is_one(units, at, length, words, other)), 1)
        joined.append("".join(units[at : at + length]))
        at += length
    return joined


def _is_one(units: Sequence[str], at: int, length: int, words: set[str], other: Sequence[str]) -> bool:
    run = [*units[at : at + length]]
    if len(run) < length or "".join(run) not in words:
        return False
    return all([*other[start : start + length]] != run for start in range(len(other) - length + 1))


def _digit_by_digit(number: re.Match[str]) -> str:
    return number[0].translate(_HAN_DIGITS)


def _plain(word: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
