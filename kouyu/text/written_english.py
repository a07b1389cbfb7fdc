"""English numbers as they are written: "twenty five percent" becomes "25%".

The phrases are found here and only they are given to the grammar, so that the words around them stay as they are.
Numbers up to twelve stay words, unless they are money, a percentage, a date or a clock time.
"""

import re
from collections.abc import Callable
from typing import Final

from kouyu.text.english_numbers import (
    AFTER_POINT,
    BELOW_100,
    CARDINAL,
    DECIMAL,
    DIGITS,
    HOUR,
    MINUTE,
    MONTH,
    NUMBER,
    ORDINAL,
    RUN,
    SCALE,
    TENS,
    YEAR,
)
from kouyu.text.phrase_rules import PhraseRule, rewrite
from kouyu.text.transducers import phrase

YEARS: Final = range(1000, 2200)

_HAS_NUMBER: Final = re.compile(rf"\b{NUMBER}\b|\b{ORDINAL}\b|\bhalf past\b|\d ", re.IGNORECASE | re.ASCII)
_CARDINAL: Final = re.compile(CARDINAL, re.IGNORECASE)
_DIGITS: Final = re.compile(DIGITS, re.IGNORECASE)
_YEAR: Final = re.compile(YEAR, re.IGNORECASE)
_EMERGENCY: Final = frozenset({"nine one one", "nine nine nine", "one one two"})
_OF_SECOND: Final = re.compile(r" (?:of|place)\b")
_FEW_OR: Final = re.compile(rf"\b(?:{NUMBER}) or $", re.IGNORECASE)


def written_english(text: str) -> str:
    """The text with its numbers, money, percentages, dates and clock times in digits; the other words untouched.

    About 1 ms for each phrase not met before.
    """
    return rewrite(text, _RULES) if _HAS_NUMBER.search(text) else text


def _form(said: str) -> str | None:
    """What the grammar makes of a phrase, if it has digits; large numbers come grouped: 1,200,000."""
    said = said.lower().replace("-", " ")
    written = phrase(re.sub(rf"^a (?={SCALE})", "one ", said), "en")
    if written is None or not any(letter.isdigit() for letter in written):
        return None
    if re.search(SCALE, said):
        written = re.sub(r"\d{5,}", lambda digits: f"{int(digits.group()):,}", written)
    return written


def _clock(match: re.Match[str]) -> str | None:
    said = re.sub(r"\b([ap])\.? ?m\.?$", r"\1.m.", match.group(), flags=re.IGNORECASE)
    written = _form(re.sub("^a (?=quarter)", "", said.replace("’", "'"), flags=re.IGNORECASE))
    return written.removeprefix("0") if written and ":" in written else None


def _time_of_day(match: re.Match[str]) -> str | None:
    # The grammar takes "twelve thirty" for a number unless a.m. or p.m. follows.
    written = _form(match.group() + " p.m.")
    return written.removesuffix(" p.m.").removeprefix("0") if written and ":" in written else None


def _percent(match: re.Match[str]) -> str | None:
    written = match["digits"] or _form(match.group())
    return written and written.replace(" ", "").rstrip("%") + "%"


def _money(match: re.Match[str]) -> str | None:
    if match["digits"]:
        return ("€" if match["unit"][0] in "eE" else "$") + match["digits"]
    written = _form(match.group())
    return written if written and written[0] in "$€" else None


def _number_of_day(said: str) -> str | None:
    """The number of a day, 1 to 31, with its ending if it is said as an ordinal."""
    written = _form(said)
    if written is None:
        # The grammar leaves small numbers in words, but not small hours.
        hour = _form(f"{said} o'clock")
        written = hour and str(int(hour[:2]))
    return written if written and 1 <= int(re.sub(r"\D", "", written)) <= 31 else None


def _month_and_day(match: re.Match[str]) -> str | None:
    day = _number_of_day(match["day"])
    return day and match["before"] + day


def _day_of_month(match: re.Match[str]) -> str | None:
    day = _number_of_day(match["day"])
    return day and day + match["after"]


def _year_of_date(match: re.Match[str]) -> str | None:
    year = _form(match["year"])
    return f"{match['before']}, {year}" if year and year.isdigit() and int(year) in YEARS else None


def _ordinal(match: re.Match[str]) -> str | None:
    said = match.group()
    # "a thirty second break" has no 32nd in it.
    if said.lower().endswith("second") and not _OF_SECOND.match(match.string, match.end()):
        return None
    written = _form(said)
    is_ordinal = written is not None and re.fullmatch(r"[\d,]{2,}(?:st|nd|rd|th)", written)
    return written if is_ordinal else None


def _cardinal(match: re.Match[str]) -> str | None:
    said = match.group()
    if _DIGITS.fullmatch(said):
        digits = re.split("[ -]", said.lower())
        is_number = len(digits) > 3 or {"zero", "oh"}.intersection(digits) or " ".join(digits) in _EMERGENCY
        return _form(said) if is_number else None
    if _FEW_OR.search(match.string, max(0, match.start() - 16), match.start()):
        return None
    if _CARDINAL.fullmatch(said):
        return _form(said)
    year = _form(said) if _YEAR.fullmatch(said) else None
    return year if year and year.isdigit() and int(year) in YEARS else None


def _rule(pattern: str, write: Callable[[re.Match[str]], str | None], *, after: str = "") -> PhraseRule:
    """A rule for whole words; ``after`` is what has to stand before them."""
    start = rf"(?<=\b{after} )" if after else r"(?<![\w'’.-])"
    # ASCII: an English number may stand between Han letters.
    return PhraseRule(re.compile(rf"{start}(?:{pattern})(?![\w'’])", re.IGNORECASE | re.ASCII), write)


_COUNTED: Final = rf"(?:[ -](?:{NUMBER}|percent|per cent|dollars?|euros?|point)\b)"

_RULES: Final = (
    _rule(rf"(?:half past|(?:a )?quarter (?:past|to)) {HOUR}(?: [ap]\.? ?m\b\.?)?", _clock),
    _rule(rf"{HOUR} o['’]clock", _clock),
    _rule(rf"(?!one am){HOUR}(?:[ -]{MINUTE})? [ap](?:\.m\.?|\.? m\b\.?|m)", _clock),
    _rule(rf"{HOUR}[ -]{MINUTE}(?!{_COUNTED})", _time_of_day, after="at"),
    _rule(rf"(?:(?P<digits>\d[\d.,]*)|{DECIMAL}) per ?cent", _percent),
    _rule(
        rf"(?:(?P<digits>\d[\d.,]*(?: (?:million|billion))?)|{DECIMAL})[ -](?P<unit>dollars?|euros?)"
        rf"(?: and {RUN} cents?)?",
        _money,
    ),
    _rule(rf"(?P<day>(?:{TENS}[ -])?{ORDINAL})(?P<after> of {MONTH})", _day_of_month),
    _rule(
        rf"(?P<before>{MONTH} (?:the )?)(?P<day>(?:{TENS}[ -])?{ORDINAL}|(?!one\b){BELOW_100}(?!{_COUNTED}))",
        _month_and_day,
    ),
    _rule(rf"(?P<before>{MONTH} (?:the )?\d\d?(?:st|nd|rd|th)?),? (?P<year>{RUN})", _year_of_date),
    _rule(rf"{RUN}{AFTER_POINT}(?: {SCALE}\b)?", lambda match: _form(match.group())),
    _rule(rf"(?:{RUN}(?:[ -]| and ))?{ORDINAL}", _ordinal),
    _rule(rf"(?:minus )?{RUN}", _cardinal),
)
