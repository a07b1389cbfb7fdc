"""Reads Mandarin text: own rules first, in this order, then the grammar for plain numbers, dates and units.

The grammar reads every hyphen as a minus, does not know grouped numbers, and confuses 两 and 二, so the own rules write
in words whatever it would read wrong.
"""

from typing import Final

from kouyu.text.spoken.kinds import read
from kouyu.text.spoken.mandarin.dates import DATES
from kouyu.text.spoken.mandarin.electronic import ELECTRONIC
from kouyu.text.spoken.mandarin.maths import MATHS, POWERS
from kouyu.text.spoken.mandarin.measure_words import MEASURE_WORDS
from kouyu.text.spoken.mandarin.money import MONEY
from kouyu.text.spoken.mandarin.names import NAMES, ROMAN_NUMERALS
from kouyu.text.spoken.mandarin.phones import CODES, PHONES
from kouyu.text.spoken.mandarin.plain import COMMAS, NUMBERS
from kouyu.text.spoken.mandarin.ranges import RANGES, SCORES
from kouyu.text.spoken.mandarin.times import TIMES
from kouyu.text.spoken.mandarin.units import UNITS

KINDS: Final = (
    COMMAS,
    ELECTRONIC,
    ROMAN_NUMERALS,
    SCORES,
    DATES,
    TIMES,
    PHONES,
    MONEY,
    CODES,
    NAMES,
    POWERS,
    RANGES,
    UNITS,
    MATHS,
    MEASURE_WORDS,
    NUMBERS,
)


def in_mandarin_words(text: str) -> str:
    """Write all numbers and signs in Chinese characters."""
    return " ".join(read(text, KINDS).split())
