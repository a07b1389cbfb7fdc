"""Converts numbers in a transcript to the words spoken: "25%" becomes "twenty-five percent".

The readings are those of the voices (kouyu.text.spoken); names with digits, and everything else, stay as written.
"""

import re
from typing import Final

from kouyu.text.english_numbers import NUMBER, TENS, UNIT
from kouyu.text.spoken.compatibility import without_compatibility_characters
from kouyu.text.spoken.english.reading import SAID_IN_NUMBERS
from kouyu.text.spoken.kinds import read
from kouyu.text.spoken.mandarin.reading import in_mandarin_words

_FIGURE: Final = re.compile(r"[0-9０-９①-⑳¼-¾⅐-⅞]")

_COMPOUND: Final = re.compile(rf"\b({TENS}) ({UNIT}|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)\b")
_HALF_DAY: Final = re.compile(rf"\b({NUMBER}) ([AP])M\b\.?")
_DOTTED_TIME: Final = re.compile(
    r"\b(at|by|until|before|after|around) (1[0-2]|[1-9])\.([0-5]\d)"
    r"(?!\d|%| (?:percent|dollars|degrees|million|billion|euros|points?)\b)"
)
_SENTENCE_START: Final = re.compile(r"(?:\A|(?<=[.!?] ))(?=[\d$€£¥])")
_MARKER: Final = "\x01"
"""Placeholder before a sentence that began with a digit, until the words are written."""

_NAME: Final = re.compile(
    r"""(["\\\s，。！？；：、]+|[,!?](?!\d)"""
    r"""|(?<![A-Za-z])[A-Za-z][\w'-]{0,40}[ -]?\d[\w-]*|(?<!\d)\d++[A-Za-z]\w*)""",
    re.ASCII,
)
"""Separators of Mandarin phrases: names with digits, which stay unchanged, and punctuation."""


def english_in_words(text: str) -> str:
    """Write all numbers in words, except digits in names (MP3, COVID-19)."""
    if not _FIGURE.search(text):
        return text
    text = _DOTTED_TIME.sub(r"\1 \2:\3", without_compatibility_characters(text))
    marked = _SENTENCE_START.sub(_MARKER, text)
    words = _HALF_DAY.sub(lambda match: f"{match[1]} {match[2].lower()}.m.", read(marked, SAID_IN_NUMBERS))
    words = _COMPOUND.sub(r"\1-\2", words)
    return re.sub(f"{_MARKER}(.)", lambda match: match[1].upper(), words)


def mandarin_in_words(text: str) -> str:
    """Write all numbers in words, except digits in Latin names (iPhone 15)."""
    if not _FIGURE.search(text):
        return text
    parts = _NAME.split(without_compatibility_characters(text))
    # Telephone numbers are spoken with 幺; a transcript has 一.
    said = (part if index % 2 else in_mandarin_words(part).replace("幺", "一") for index, part in enumerate(parts))
    return "".join(said)
