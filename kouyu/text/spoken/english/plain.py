"""The last kind: ranges, signed and plain numbers, and signs that no other kind has read."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import AMOUNT, digits, number
from kouyu.text.spoken.kinds import kind, rule

_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"


def _from_to(match: re.Match[str]) -> str:
    between = " " if match[1] == match[2] else " to "  # a 50-50 split
    return f"{number(match[1])}{between}{number(match[2])}"


def _groups(match: re.Match[str]) -> str:
    return ", ".join(number(group) for group in match.group().split("-"))


def _fraction_of_one(match: re.Match[str]) -> str:
    return f"point {digits(match.group())}"


ABOUT: Final = kind("~", rule(r"(?<!\w)~ ?(?=[\d$€£¥])", "about "))
RANGES: Final = kind(
    r"\d ?[-–—~]",
    rule(r"(?<![\w.,-])\d{1,8}(?:-\d{1,8}){2,8}(?![\w]|[.,-]\d)", _groups),
    rule(rf"({AMOUNT}) ?[-–—~] ?({_NUMBER})(?![\w]|-\d)", _from_to),
)
NUMBERS: Final = kind(
    r"\d",
    rule(rf"(?<![\w.)])[-–]({_NUMBER}|\.\d+)", lambda match: f"minus {number(match[1])}"),
    rule(rf"(?<![\w.)])\+({_NUMBER})", lambda match: f"plus {number(match[1])}"),
    rule(AMOUNT, lambda match: number(match.group())),
    rule(r"(?<![\w])\.(\d{1,40})", _fraction_of_one),
    rule(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " "),
    rule(r"\d{1,3}(?:,\d{3})+|\d+", lambda match: number(match.group())),
)
SIGNS: Final = kind(
    r"[/%=+&#~^<>°_\\*@]",
    rule(r"%", " percent "),
    rule(r"(?<=[A-Za-z])/(?=[A-Za-z])", " "),
    rule(r" ?[=] ?", " equals "),
    rule(r"(?<=\w) ?\+ ?(?=\w)", " plus "),
    rule(r"°", " degrees "),
    rule(r"[#~^_\\*]", " "),
)
OUTSIDE_NAMES: Final = kind(
    r"\d",
    rule(rf"(?<![\w.,$€£¥-])[-–]({_NUMBER})(?!\w|-\d)", lambda match: f"minus {number(match[1])}"),
    rule(rf"(?<![\w.,$€£¥-]){_NUMBER}(?!\w|-\d)", lambda match: number(match.group())),
)
"""Numbers that are not part of a name."""
