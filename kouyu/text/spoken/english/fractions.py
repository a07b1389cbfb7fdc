"""Fractions: 1/2 cup, 2 1/2 cups, 3/8-inch, 50/50, 10/10, 120/80."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import cardinal, name_number, number, ordinal, plural
from kouyu.text.spoken.kinds import kind, rule

FRACTION: Final = r"(?<![\w.,/])(?:\d{1,3}[ -])?\d{1,3}/\d{1,3}(?![\w/]|[.,]\d)"
"""A fraction with or without a whole number before it, as a regular expression without groups."""

_BOTTOMS: Final = {2: "half", 4: "quarter"}


def fraction(text: str) -> str | None:
    """ "2 1/2" is "two and a half", "3/4" "three quarters", "120/80" "one twenty over eighty"; None for n/0."""
    whole, _, rest = text.replace("-", " ").rpartition(" ")
    top, bottom = (int(part) for part in rest.split("/"))
    if bottom == 0:
        return None
    if not whole and top + bottom == 100:
        return f"{cardinal(top)} {cardinal(bottom)}"
    if top >= bottom or bottom == 1:
        return None if whole else f"{name_number(str(top))} over {name_number(str(bottom))}"
    name = _BOTTOMS.get(bottom) or ordinal(bottom)
    if top > 1:
        name = "halves" if bottom == 2 else plural(name)
    if whole:
        return f"{cardinal(int(whole))} and {'a' if top == 1 else cardinal(top)} {name}"
    return f"{cardinal(top)} {name}"


def _fraction(match: re.Match[str]) -> str | None:
    return fraction(match.group())


def _out_of(match: re.Match[str]) -> str:
    return f"{match[1]}{cardinal(int(match[2]))} out of {cardinal(int(match[3]))}"


def _twice(match: re.Match[str]) -> str:
    said = cardinal(int(match[1]))
    return f"{said} out of {said}" if match[1] in ("5", "10", "100") else f"{said} {said}"


FRACTIONS: Final = kind(
    r"\d/\d",
    rule(r"(?<![\w.,/])(\d{1,3})/\1(?![\w/]|[.,]\d)", _twice),
    rule(r"(\b(?:it|score|rating|scored|rated|got|solid|of|is) (?:a |an |of )?)(\d{1,2})/(10|100)(?![\w/])", _out_of),
    rule(
        r"(?<![\w.,/])(\d\.\d{1,2})/(\d{1,2}(?:\.\d)?)(?![\w/]|[.,]\d)",
        lambda match: f"{number(match[1])} out of {number(match[2])}",
    ),
    rule(FRACTION, _fraction),
)
