"""Telephone numbers and cards, digit by digit: 555-1234, (555) 123-4567, +44 20 7946 0958, call 911, 4111 1111 …"""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import digits
from kouyu.text.spoken.kinds import kind, rule


def _groups(match: re.Match[str]) -> str:
    """Read the groups with a short pause between them, which makes them easier to write down."""
    groups = re.findall(r"\d+", match.group())
    said = ", ".join("eight hundred" if group == "800" else digits(group) for group in groups)
    return f"plus {said}" if match.group().startswith("+") else said


PHONES: Final = kind(
    r"\d[\d ()-]{2}",
    rule(
        r"(?<![\w+])\+(?=(?:[ ()-]{0,2}\d){7,15}(?![\d.]))\d{1,3}(?:[ -]?\(?\d{1,5}\)?){1,6}(?![\w]|[.,-]\d)", _groups
    ),
    rule(r"(?<![\w+])(?:1[ -])?\(\d{3}\) ?\d{3}[ -]\d{4}(?![\w-])", _groups),
    rule(r"(?<![\w.,/+-])(?:1[ .-])?\d{3}([ .-])\d{3}\1\d{4}(?![\w-]|[.,]\d)", _groups),
    rule(r"(?<![\w.,/+-])(?!\d\d0-\d{3}0)\d{3}-\d{4}(?![\w-]|[.,]\d)", _groups),
    rule(r"(?<=\b(?:[Cc]all|[Dd]ial|[Tt]ext) )\d{3}-\d{4}(?![\w-]|[.,]\d)", _groups),
    rule(r"(?<![\w.,/+-])\d{3}-\d{4}-\d{4}(?![\w-]|[.,]\d)", _groups),
    rule(r"(?<![\w.,/+-])0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}(?![\w-]|[.,]\d)", _groups),
    rule(r"(?<![\w.,/+-])\d{4}([ -])\d{4}\1\d{4}(?:\1\d{4})?(?![\w-]|[.,]\d)", _groups),
    rule(r"(?<![\w.,/+-])\d{3}-\d{2}-\d{4}(?![\w-]|[.,]\d)", _groups),
    rule(r"(?<![\w.,/+$€£¥-])(?!\d{0,5}0{6})(?:1[3-9]\d{9}|0\d{9,10})(?![\w-]|[.,]\d)", _groups),
    rule(r"(?<![\w.,/+$€£¥-])\d{3} \d{4}(?![\w-]|[.,]\d)", _groups),
    rule(
        r"(?<=\b(?:[Cc]all|[Dd]ial|[Tt]ext) )(?:\d{3}|\d{5,12})(?![\w:/%-]|[.,]\d| (?:times|people|friends)\b)", _groups
    ),
)
