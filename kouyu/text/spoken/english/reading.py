"""The kinds of English written forms in the order in which they are read: longest and least ambiguous first."""

from typing import Final

from kouyu.text.spoken.english.abbreviations import ABBREVIATIONS
from kouyu.text.spoken.english.codes import CODES
from kouyu.text.spoken.english.dates import DATES
from kouyu.text.spoken.english.electronic import ELECTRONIC
from kouyu.text.spoken.english.fractions import FRACTIONS
from kouyu.text.spoken.english.maths import MATHS, POWERS
from kouyu.text.spoken.english.money import MONEY
from kouyu.text.spoken.english.names import KEYS, NAMES
from kouyu.text.spoken.english.ordinals import ORDINALS, ROMAN_NUMERALS
from kouyu.text.spoken.english.phones import PHONES
from kouyu.text.spoken.english.plain import ABOUT, NUMBERS, OUTSIDE_NAMES, RANGES, SIGNS
from kouyu.text.spoken.english.scores import RATIOS, SCORES
from kouyu.text.spoken.english.times import TIMES
from kouyu.text.spoken.english.units import QUANTITIES
from kouyu.text.spoken.english.versions import VERSIONS
from kouyu.text.spoken.english.years import YEARS
from kouyu.text.spoken.kinds import read

KINDS: Final = (
    ABOUT,
    ELECTRONIC,
    ABBREVIATIONS,
    ROMAN_NUMERALS,
    KEYS,
    MONEY,
    DATES,
    RATIOS,
    TIMES,
    PHONES,
    CODES,
    VERSIONS,
    SCORES,
    POWERS,
    QUANTITIES,
    MATHS,
    YEARS,
    FRACTIONS,
    ORDINALS,
    RANGES,
    NAMES,
    NUMBERS,
    SIGNS,
)
SAID_IN_NUMBERS: Final = (
    MONEY,
    DATES,
    RATIOS,
    TIMES,
    PHONES,
    CODES,
    SCORES,
    POWERS,
    QUANTITIES,
    MATHS,
    YEARS,
    FRACTIONS,
    ORDINALS,
    RANGES,
    OUTSIDE_NAMES,
)
"""The kinds in which a recogniser writes spoken numbers as digits."""


def in_english_words(text: str) -> str:
    """Write all numbers, signs and abbreviations in words."""
    return " ".join(read(" ".join(text.split()), KINDS).split())
