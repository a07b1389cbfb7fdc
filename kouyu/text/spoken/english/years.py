"""Years and decades: in 1999, 1914-18, the 1990s, the '80s, 200 A.D. Four digits that count something are no year."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import cardinal, plural, year
from kouyu.text.spoken.kinds import kind, rule

_YEAR: Final = r"(?:1[0-9]|20|21)\d\d"
_COUNTED: Final = (
    r"(?= (?!(?:was|is|has|its|this|as|does|unless|across|perhaps|always|series|class|news|less|focus|press)\b)"
    r"(?:[a-z]{2,20}s\b|(?:people|men|women|children|feet|percent|million|billion|more|other|different)\b))"
)
"""Words after a number that counts something."""

_BEFORE: Final = (
    r"(?:[Ii]n|[Ss]ince|[Bb]y|[Ff]rom|[Uu]ntil|[Tt]ill|[Aa]fter|[Bb]efore|[Aa]round|[Cc]irca|[Yy]ear|[Dd]uring|[Oo]f"
    r"|[Ee]arly|[Ll]ate|[Mm]id|[Ss]pring|[Ss]ummer|[Aa]utumn|[Ff]all|[Ww]inter|[Ss]eason|[Ee]lection|[Bb]orn|[Tt]he|to"
    r"|[Tt]hrough|[Tt]hroughout|and|or|[Bb]etween|[Cc]opyright)"
)


def _decade(match: re.Match[str]) -> str:
    return plural(cardinal(int(match[1])))


def _decade_after(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{plural(cardinal(int(match[3])))}"


def _full_decade(match: re.Match[str]) -> str:
    century, tens = match[1], int(match[2])
    if tens:
        return f"{cardinal(int(century))} {plural(cardinal(tens * 10))}"
    if century[1] == "0":
        return plural(cardinal(int(century + "00")))
    return f"{cardinal(int(century))} hundreds"


def _from_to(match: re.Match[str]) -> str | None:
    first, last = match["first"], match["last"]
    later = int(last) > int(first[-len(last) :])
    if not later:
        return None
    return f"{year(first)} to {cardinal(int(last)) if len(last) == 2 else year(last)}"


def _year(match: re.Match[str]) -> str:
    return year(match.group())


YEARS: Final = kind(
    r"\d",
    rule(r"(?<![\w,.])(1[0-9]|20|21)(\d)0['’]?s\b", _full_decade),
    rule(r"(?<!\w)['’]([1-9]0)['’]?s\b", _decade),
    rule(r"\b(the|The|my|his|her|their|our|your|early|late|mid)([ -])([2-9]0)['’]?s\b", _decade_after),
    rule(
        rf"(?<![\w,./-])(?P<first>{_YEAR})(?: ?(?:-|–|—|~) ?)(?P<last>{_YEAR}|\d\d)(?![\w:/%]|[.,-]\d|{_COUNTED})",
        _from_to,
    ),
    rule(rf"(?<![\w,.])(?:{_YEAR})(?= ?(?:A\.?D|B\.?C|C\.?E|B\.?C\.?E)\b)", _year),
    rule(rf"\b({_BEFORE}) ({_YEAR})(?![\w:/%]|[.,-]\d|{_COUNTED})", lambda match: f"{match[1]} {year(match[2])}"),
    rule(rf"(?<![\w,.:/$€£¥#+-])(?:1[5-9]|20)\d\d(?![\w:/%°]|[.,-]\d| ?[-+*×÷=/^] ?\d|{_COUNTED})(?=\W|\Z)", _year),
)
"""The last rule takes any four digits from 1500 to 2099 that count nothing."""
