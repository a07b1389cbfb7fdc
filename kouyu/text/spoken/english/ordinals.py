"""Ordinals and Roman numerals: 1st-3rd, 21st, Louis XIV, World War II, Chapter IV."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import cardinal, ordinal
from kouyu.text.spoken.kinds import kind, rule

_RULERS: Final = (
    "King|Queen|Pope|Emperor|Tsar|Czar|Henry|Louis|Elizabeth|Charles|George|Edward|Richard|William|James|John Paul|Paul"
    "|Philip|Alexander|Catherine|Napoleon|Frederick|Benedict|Pius|Ferdinand|Francis|Nicholas|Peter|Ramses|Ramesses|Mary"
    "|Leo|Urban|Gregory|Leopold|Wilhelm|Ivan|Akbar"
)
_NUMBERED: Final = (
    "Chapter|Part|Volume|Vol|Act|Scene|Book|Phase|Type|Class|Title|Article|Section|Level|Stage|Grade|Figure|Table|Appendix"
    "|Unit|World War|Super Bowl|Group|Category|Mark|Tier|Step|Round|chapter|part|volume|act|phase|type|class|stage"
    "|section|level|page"
)
_ROMAN: Final = r"(?=[IVX])(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_I_SPEAKS: Final = re.compile(r"['’]| (?!of\b|was\b|ruled\b|reigned\b|became\b|died\b|and\b)[a-z]")
_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def roman(text: str) -> int:
    """The value of a Roman numeral below 400."""
    values = [_VALUES[letter] for letter in text]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs)


def _ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match[1].replace(",", "")))


def _range(match: re.Match[str]) -> str:
    return f"{ordinal(int(match[1]))} to {ordinal(int(match[2]))}"


def _of_ruler(match: re.Match[str]) -> str | None:
    # "Mary I think" is not a queen.
    if not match[2] or (match[2] == "I" and _I_SPEAKS.match(match.string, match.end())):
        return None
    return f"{match[1]} the {ordinal(roman(match[2]))}"


def _number(match: re.Match[str]) -> str | None:
    return match[1] + cardinal(roman(match[2])) if match[2] else None


ROMAN_NUMERALS: Final = kind(
    r"[IVX]",
    rule(rf"\b((?:{_RULERS})(?: (?:{_RULERS}|[A-Z][a-z]{{1,12}}))?) ({_ROMAN})(?![\w-])", _of_ruler),
    rule(rf"(\b(?:{_NUMBERED}) )({_ROMAN})(?![\w-])", _number),
    rule(rf"(\b[A-Z][A-Za-z]{{1,20}} )(?=[IVX]{{2}})({_ROMAN})(?![\w-])", _number),
    rule(rf"(\bWW)(?=I)({_ROMAN})(?![\w-])", lambda match: f"World War {cardinal(roman(match[2]))}"),
)

ORDINALS: Final = kind(
    r"\d(?:st|nd|rd|th)",
    rule(r"(?<![\w.,])(\d{1,3})(?:st|nd|rd|th) ?[-–—~] ?(\d{1,3})(?:st|nd|rd|th)\b", _range, re.IGNORECASE),
    rule(r"(?<![\w.,])(\d{1,3}(?:,\d{3}){1,3}|\d{1,9})(?:st|nd|rd|th)\b", _ordinal, re.IGNORECASE),
)
