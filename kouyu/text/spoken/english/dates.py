"""Dates and weekdays: March 2, 2026, 3/14/2026, 2026-03-02, on 10/31, Mon-Fri, Q3 2025, 24/7."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import cardinal, ordinal, year
from kouyu.text.spoken.kinds import kind, rule

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_BY_PREFIX: Final = {month[:3].lower(): month for month in _MONTHS}
_MONTH: Final = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_DAY: Final = r"(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_YEAR: Final = r"(?:1[0-9]|20|21)\d\d"
_WEEKDAYS: Final = {
    "Mon": "Monday",
    "Tue": "Tuesday",
    "Tues": "Tuesday",
    "Wed": "Wednesday",
    "Thu": "Thursday",
    "Thur": "Thursday",
    "Thurs": "Thursday",
    "Fri": "Friday",
    "Sat": "Saturday",
    "Sun": "Sunday",
}
_WEEKDAY: Final = "|".join(sorted(_WEEKDAYS, key=len, reverse=True))
_RANGE: Final = r" ?(?:-|–|—|~|to) ?"
_MONTH_DAY: Final = r"(?:1[0-2]|0?[1-9])/(?:3[01]|[12]\d|0?[1-9])"
_NO_FRACTION: Final = r"(?:1[0-2]|0?[2-9])/(?:1[3479]|18|2[1-35-9]|3[01])"
"""A month and a day that nobody means as a fraction: there are sixteenths of an inch, but no thirty-firsts."""
_ENDS: Final = r"(?![\w/-]|[.,]\d| ?(?:of|inch(?:es)?|in\.)(?!\w)|\")"


def _month(written: str) -> str:
    return _BY_PREFIX[written[:3].lower()]


def _day(written: str) -> str:
    return ordinal(int(re.sub(r"[a-z]+", "", written)))


def _valid(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _year_month_day(match: re.Match[str]) -> str | None:
    said, _, month, day = match.groups()
    return f"{_MONTHS[int(month) - 1]} {_day(day)}, {year(said)}" if _valid(month, day) else None


def _slashes(match: re.Match[str]) -> str | None:
    month, day, of_year = match.groups()
    if int(month) > 12:
        month, day = day, month
    return f"{_MONTHS[int(month) - 1]} {_day(day)}, {year(of_year)}" if _valid(month, day) else None


def _month_day(match: re.Match[str]) -> str | None:
    before, month, day = match.groups()
    return f"{before} {_MONTHS[int(month) - 1]} {_day(day)}" if _valid(month, day) else None


def _bare(match: re.Match[str]) -> str:
    return " to ".join(
        f"{_MONTHS[int(month) - 1]} {_day(day)}" for month, day in re.findall(r"(\d+)/(\d+)", match.group())
    )


def _written_month_day(match: re.Match[str]) -> str:
    until = f" to {_day(match['until'])}" if match["until"] else ""
    of_year = f", {year(match['year'])}" if match["year"] else ""
    return f"{_month(match['month'])} {_day(match['day'])}{until}{of_year}"


def _day_month(match: re.Match[str]) -> str:
    until = f" to the {_day(match['until'])}" if match["until"] else ""
    of_year = f", {year(match['year'])}" if match["year"] else ""
    the = "" if match["the"] else "the "
    return f"{match['the'] or ''}{the}{_day(match['day'])}{until} of {_month(match['month'])}{of_year}"


def _quarter(match: re.Match[str]) -> str:
    of_year = f" {year(match[2])}" if match[2] else ""
    return f"Q {cardinal(int(match[1]))}{of_year}"


def _short_month(match: re.Match[str]) -> str:
    return _month(match[1]) + ("." if match.end() == len(match.string) else "")


DATES: Final = kind(
    r"\d|\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Mon|Tues?|Wed|Thu|Fri|Sat|Sun)\b",
    rule(rf"\b({_WEEKDAY})\b\.?(?=, | \d|{_RANGE}(?:{_WEEKDAY})\b| {_MONTH} ?\d)", lambda match: _WEEKDAYS[match[1]]),
    rule(
        rf"(\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day){_RANGE}(?:({_WEEKDAY})\b\.?|(?=[A-Z][a-z]{{2,5}}day\b))",
        lambda match: f"{match[1]} to {_WEEKDAYS.get(match[2], '')}",
    ),
    rule(r"(?<![\w/])24/7(?![\w/])", "twenty four seven"),
    rule(r"(?<![\w/])9/11(?![\w/])", "nine eleven"),
    rule(rf"(?<![\w./-])({_YEAR})([-/.])(\d\d?)\2(\d\d?)(?![\w/]|[.-]\d)", _year_month_day),
    rule(rf"(?<![\w./-])(\d\d?)/(\d\d?)/({_YEAR})(?![\w/])", _slashes),
    rule(rf"(?<![\w./-])(\d\d?)[.-](\d\d?)[.-]({_YEAR})(?![\w/]|[.-]\d)", _slashes),
    rule(
        r"\b([Oo]n|[Bb]y|[Dd]ue|[Uu]ntil|[Ss]ince|EOD|[Dd]eadline(?: is)?|[Ee]nds|[Ss]tarts|[Ee]xpires) "
        r"(\d\d?)/(\d\d?)(?![\w/])",
        _month_day,
    ),
    rule(
        rf"(?<![\w.,/$-])(?<!\d )(?:{_NO_FRACTION}{_RANGE}{_MONTH_DAY}|{_MONTH_DAY}{_RANGE}{_NO_FRACTION}){_ENDS}",
        _bare,
    ),
    rule(rf"(?<![\w.,/$-])(?<!\d )(?<!\bgot )(?<!\bscored ){_NO_FRACTION}{_ENDS}", _bare),
    rule(
        rf"\b(?P<month>{_MONTH}) (?P<day>{_DAY})(?:{_RANGE}(?P<until>{_DAY}))?(?:,? (?P<year>{_YEAR}))?"
        rf"(?![\w:/%]|[.,-]\d| ?[ap]\.?m\b)",
        _written_month_day,
    ),
    rule(
        rf"(?<![\w.,:/-])(?P<the>the |The )?(?P<day>{_DAY})(?:{_RANGE}(?P<until>{_DAY}))? (?:of )?(?P<month>{_MONTH})"
        rf"(?:,? (?P<year>{_YEAR}))?(?![\w]|[.,-]\d)",
        _day_month,
    ),
    rule(
        rf"\b({_MONTH}) ?[-–—] ?({_MONTH})(?!\w)",
        lambda match: f"{_month(match[1])} to {_month(match[2])}",
    ),
    rule(r"\b(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.(?!\w)", _short_month),
    rule(rf"\b({_MONTH}),? ({_YEAR})(?![\w]|[.,]\d)", lambda match: f"{_month(match[1])} {year(match[2])}"),
    rule(rf"\bQ([1-4])(?: ({_YEAR}))?(?!\w)", _quarter),
)
