"""Clock times and durations: 3:05 pm, 9am-5pm, 2-4 pm, 10:30-11:30, 8:15:30, 2h 30m, lasts 90s."""

import re
from typing import Final

from kouyu.text.spoken.english.numbers import cardinal, pair
from kouyu.text.spoken.kinds import kind, rule

_HALF: Final = r" ?(?P<half>[AaPp])(?:[Mm]\b|\.[Mm]\.?)"
_UNTIL: Final = r" ?(?:-|–|—|~|to) ?"
_DURATIONS: Final = {
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "m": "minute",
    "min": "minute",
    "mins": "minute",
    "s": "second",
    "sec": "second",
    "secs": "second",
}


def _clock(text: str, *, oclock: bool) -> str | None:
    hour, _, minute = text.partition(":")
    if int(hour) > 24 or int(minute or 0) > 59:
        return None
    words = cardinal(int(hour))
    if not minute or (minute == "00" and not oclock):
        return words
    if minute == "00":
        return words if int(hour) > 12 or int(hour) == 0 else f"{words} o'clock"
    return f"{words} {pair(minute)}"


def _stop(match: re.Match[str]) -> str:
    """Return a full stop if the one of "p.m." also ends the sentence."""
    following = match.string[match.end() : match.end() + 2]
    return "." if match.group().endswith(".") and (not following or following[1:].isupper()) else ""


def _half_day(match: re.Match[str]) -> str | None:
    said = _clock(match["time"], oclock=False)
    return said and f"{said} {match['half'].upper()}M{_stop(match)}"


def _half_days(match: re.Match[str]) -> str | None:
    first, last = _clock(match["first"], oclock=False), _clock(match["time"], oclock=False)
    if first is None or last is None:
        return None
    morning = f" {match['own'].upper()}M" if match["own"] else ""
    return f"{first}{morning} to {last} {match['half'].upper()}M{_stop(match)}"


def _day(match: re.Match[str]) -> str | None:
    text = match.group()
    minutes, seconds = text.split(":")
    if int(minutes) > 24 and int(seconds) < 60:
        return f"{cardinal(int(minutes))} {pair(seconds)}"
    return _clock(text, oclock=True)


def _from_to(match: re.Match[str]) -> str | None:
    first, last = _clock(match[1], oclock=False), _clock(match[2], oclock=False)
    return f"{first} to {last}" if first and last else None


def _with_seconds(match: re.Match[str]) -> str | None:
    hour, minute, second = match.groups()
    said = _clock(f"{hour}:{minute}", oclock=False)
    if said is None or int(second) > 59:
        return None
    return f"{said} and {_many(second, 'second')}"


def _many(count: str, unit: str) -> str:
    return f"{cardinal(int(count))} {unit}{'' if int(count) == 1 else 's'}"


def _parts(match: re.Match[str]) -> str:
    return " ".join(_many(count, _DURATIONS[unit]) for count, unit in re.findall(r"(\d+) ?([a-z]+)", match.group()))


TIMES: Final = kind(
    r"\d",
    rule(r"(?<![\w.])\d{1,3} ?h(?:rs?)? ?\d{1,2} ?m(?:ins?)?(?: ?\d{1,2} ?s(?:ecs?)?)?\b(?!/)", _parts),
    rule(r"(?<![\w.])\d{1,3} ?m(?:in)? ?\d{1,2} ?s(?:ec)?\b(?!/)", _parts),
    rule(
        rf"(?<![\w.:])(?P<first>\d{{1,2}}(?::\d\d)?)(?: ?(?P<own>[AaPp])(?:[Mm]\b|\.[Mm]\.))?{_UNTIL}"
        rf"(?P<time>\d{{1,2}}(?::\d\d)?){_HALF}(?!\w)",
        _half_days,
    ),
    rule(rf"(?<![\w.:])(?P<time>\d{{1,2}}(?::\d\d)?){_HALF}(?!\w)", _half_day),
    rule(rf"(?<![\w.:])(\d{{1,2}}:\d\d){_UNTIL}(\d{{1,2}}:\d\d)(?![\w:]|\.\d)", _from_to),
    rule(r"(?<![\w.:])(\d{1,2}):(\d\d):(\d\d)(?![\w:]|\.\d)", _with_seconds),
    rule(r"(?<![\w.:])\d{1,2}:\d\d(?![\w:]|\.\d)", _day),
    rule(r"(?<![\w.:])(\d{1,2})(?= o['’]clock)", lambda match: cardinal(int(match[1]))),
)
