"""Clock times and durations: 2点, 2点02分, 14:30, 9:00-18:00, 在23:59:59, 1分20秒, 7×24小时."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import RANGE, cardinal, number

_AT: Final = r"(?<![\w.:])"


def _hour(text: str) -> str:
    return number(str(int(text)), counts=True) if text != "00" else "零"


def _minute(text: str) -> str:
    if text[0] == "0":
        return f"零{cardinal(int(text))}" if text != "00" else ""
    return cardinal(int(text))


def _clock(hour: str, minute: str) -> str | None:
    if int(hour) > 24 or int(minute) > 59:
        return None
    said = _minute(minute)
    return f"{_hour(hour)}点{said}{'分' if said else ''}"


def _time(match: re.Match[str]) -> str | None:
    return _clock(match[1], match[2])


def _times(match: re.Match[str]) -> str | None:
    first, last = _clock(match[1], match[2]), _clock(match[3], match[4])
    return f"{first}到{last}" if first and last else None


def _with_seconds(match: re.Match[str]) -> str | None:
    first = _clock(match[1], match[2])
    return first and f"{first if first.endswith('分') else first + '零分'}{_minute(match[3]) or '零'}秒"


def _hour_and_minute(match: re.Match[str]) -> str:
    return f"{_hour(match[1])}点{_minute(match[2])}"


TIMES: Final = kind(
    r"\d",
    rule(rf"{_AT}(\d{{1,2}}):(\d\d){RANGE}(\d{{1,2}}):(\d\d)(?![\w:]|\.\d)", _times),
    rule(rf"{_AT}(\d{{1,2}}):(\d\d):(\d\d)(?![\w:]|\.\d)", _with_seconds),
    rule(rf"{_AT}(\d{{1,2}}):(\d\d)(?![\w:]|\.\d)", _time),
    rule(r"(?<![\d.第])(\d{1,2})点(\d\d)(?=分|[^\d.]|\Z)", _hour_and_minute),
    rule(r"(?<![\d.第])2点(?!\d)", "两点"),
    rule(rf"(?<![\d.第])(\d{{1,2}}){RANGE}(\d{{1,2}})(?=点)", lambda match: f"{_hour(match[1])}到{_hour(match[2])}"),
    rule(r"(?<![\d/])24/7(?![\d/])", "七天二十四小时"),
    rule(r"(?<![\d.])7 ?[×xX*] ?24(?=小时)", "七乘二十四"),
)
