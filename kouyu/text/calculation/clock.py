"""Tells the time of day some hours or minutes from another: "It is three o'clock. What time is it in two hours?" """

import re
from typing import Final

from kouyu.text.calculation.numbers import Result, english_in_figures, mandarin_in_figures

_HOUR: Final = 60
_HALF_DAY: Final = 12 * _HOUR

_ENGLISH: Final = re.compile(
    r"\b(?P<hour>1[0-2]|[1-9])(?::(?P<minute>[0-5]\d))? ?(?:o['’]?clock|[ap]\.?m\b\.?|(?=[.,]))[^\d]{0,60}?"
    r"what time\b[^\d]{0,40}?(?P<amount>\d{1,3}|an?) (?P<unit>hour|minute)s?(?P<earlier> ago| earlier| before)?",
    re.IGNORECASE,
)
_MANDARIN: Final = re.compile(
    r"(?P<hour>\d{1,2})点(?:钟|整)?(?P<half>半)?(?:(?P<minute>\d{1,2})分?)?[^\d]{0,12}?(?P<amount>\d{1,3})个?(?P<unit>小时|钟头|分钟)"
    r"(?:以|之)?(?P<earlier>前)?(?:后)?[^\d]{0,6}?几点"
)


def result_in_english(question: str) -> Result | None:
    """The time of day that an English question asks for; None if it asks for none."""
    found = _ENGLISH.search(english_in_figures(question))
    if found is None:
        return None
    minutes = _later(found, int(found["minute"] or 0), is_hour=found["unit"].lower() == "hour")
    return Result(_with_figures(minutes))


def result_in_mandarin(question: str) -> Result | None:
    """The same for Mandarin."""
    found = _MANDARIN.search(mandarin_in_figures(question))
    if found is None or int(found["hour"]) > 12:
        return None
    minutes = _later(found, 30 if found["half"] else int(found["minute"] or 0), is_hour=found["unit"] != "分钟")
    hour, minute = divmod(minutes, _HOUR)
    return Result(f"{hour or 12}点{f'{minute}分' if minute else ''}")


def _later(found: re.Match[str], minute: int, *, is_hour: bool) -> int:
    """Minutes since noon or midnight."""
    amount = 1 if found["amount"].lower() in ("a", "an") else int(found["amount"])
    change = amount * _HOUR if is_hour else amount
    return (int(found["hour"]) * _HOUR + minute + (-change if found["earlier"] else change)) % _HALF_DAY


def _with_figures(minutes: int) -> str:
    hour, minute = divmod(minutes, _HOUR)
    return f"{hour or 12}:{minute:02d}" if minute else f"{hour or 12} o'clock"
