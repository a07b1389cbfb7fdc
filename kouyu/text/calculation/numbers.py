"""Writes the numbers of a question in figures, so that they can be reckoned with.

Numbers in words are read by the grammars of ``kouyu.text.transducers``, about 1 ms for each new one.
"""

import re
from fractions import Fraction
from typing import Final

import msgspec

from kouyu.text.english_numbers import DECIMAL, value_below_100
from kouyu.text.transducers import phrase
from kouyu.text.written_mandarin import digits

FIGURES: Final = r"\d{1,15}(?:,\d{3})*(?:\.\d{1,9})?(?![\d.]\d)"
LARGEST: Final = 10**15
_MOST_DECIMALS: Final = 4

_ENGLISH: Final = re.compile(rf"\b{DECIMAL}\b", re.IGNORECASE)
IN_MANDARIN: Final = "[零〇一二两三四五六七八九十百千万亿]{1,20}(?:点[零〇一二三四五六七八九]{1,9})?"
"""A number in Mandarin words, well-formed or not."""
_MANDARIN: Final = re.compile(IN_MANDARIN)
_NUMBER: Final = re.compile(FIGURES)


class Result(msgspec.Struct, frozen=True):
    """What a calculation gives."""

    text: str
    """In figures, rounded to 4 decimals; with its unit where it has one."""
    is_exact: bool = True


def english_in_figures(text: str) -> str:
    """Write all numbers in figures: "twenty-one" becomes 21."""
    return _ENGLISH.sub(_english_number, text)


def mandarin_in_figures(text: str) -> str:
    """Write all numbers in figures: 二十一 becomes 21."""
    return _MANDARIN.sub(_mandarin_number, text)


def value(figures: str) -> Fraction:
    """The value of what ``FIGURES`` matches."""
    return Fraction(figures.replace(",", ""))


def rounded(number: Fraction, unit: str = "") -> Result | None:
    """The result to say; None over 10^15."""
    if abs(number) > LARGEST:
        return None
    said = round(number, _MOST_DECIMALS)
    whole, decimals = divmod(abs(said) * 10**_MOST_DECIMALS, 10**_MOST_DECIMALS)
    figures = f"{whole}.{int(decimals):0{_MOST_DECIMALS}d}".rstrip("0").rstrip(".")
    return Result(f"{'-' if said < 0 else ''}{figures}{unit}", said == number)


def _english_number(match: re.Match[str]) -> str:
    said = match.group().lower()
    try:
        return str(value_below_100(said))
    except KeyError:
        written = phrase(re.sub("^a ", "one ", said).replace("-", " "), "en")
        return written.replace(",", "") if written and _NUMBER.fullmatch(written) else match.group()


def _mandarin_number(match: re.Match[str]) -> str:
    said = match.group()
    # The grammar does not convert single characters.
    written = digits(said) if len(said) == 1 else phrase(said, "zh")
    return written if written and _NUMBER.fullmatch(written) else said
