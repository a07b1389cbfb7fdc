"""ITN for English: "twenty five percent" becomes "25%".

This module finds the phrases and passes only them to the grammar, so that the words around them stay unchanged.
Numbers up to twelve stay words, unless they are money, a percentage, a date or a clock time.
"""

import re
from collections.abc import Callable, Sequence
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
    TEEN,
    TENS,
    UNIT,
    YEAR,
    value_below_100,
)
from kouyu.text.phrase_rules import PhraseRule, rewrite
from kouyu.text.transducers import phrase

YEARS: Final = range(1000, 2200)

_HAS_NUMBER: Final = re.compile(
    rf"\b{NUMBER}\b|\b{ORDINAL}\b|\bhalf past\b|\d |\bdot\b|\b(?:at|by|until) \d", re.IGNORECASE | re.ASCII
)
_CARDINAL: Final = re.compile(CARDINAL, re.IGNORECASE)
_DIGITS: Final = re.compile(DIGITS, re.IGNORECASE)
_YEAR: Final = re.compile(YEAR, re.IGNORECASE)
_EMERGENCY: Final = frozenset({"nine one one", "nine nine nine", "one one two"})
_OF_SECOND: Final = re.compile(r" (?:of|place)\b")
_VERB_BEFORE: Final = 40
_TIMED: Final = re.compile(
    r"\b(?:meet|meeting|see you|call|come|back|home|arrives?|leaves?|starts?|begins?|ends?|opens?|closes?|wake|up|train"
    r"|flight|bus|appointment|breakfast|lunch|dinner|alarm|there)\b",
    re.IGNORECASE,
)
_FEW_OR: Final = re.compile(rf"\b(?:{NUMBER}) or $", re.IGNORECASE)


def written_english(text: str) -> str:
    """Write numbers, money, percentages, dates and clock times in digits; other words stay unchanged.

    About 1 ms for each new phrase.
    """
    return rewrite(text, _RULES) if _HAS_NUMBER.search(text) else text


def _form(said: str) -> str | None:
    """Return the grammar's result if it has digits; large numbers are grouped: 1,200,000."""
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
    return f"{value_below_100(match['hour'])}:{value_below_100(match['minute']):02d}"


def _time_in_figures(match: re.Match[str]) -> str | None:
    # A recogniser writes "at two fifteen" as 2.15 or 215; but a price may be at 215.
    before = match.string[max(0, match.start() - _VERB_BEFORE) : match.start()]
    is_time = match["dot"] or _TIMED.search(before)
    return f"{match['hour']}:{match['minute']}" if is_time else None


def _decade(match: re.Match[str]) -> str:
    return f"{value_below_100(match['century'])}{_DECADES[match['decade'].lower()]}s"


def _version(match: re.Match[str]) -> str:
    return match["name"] + re.sub(BELOW_100, lambda part: str(value_below_100(part.group())), match["parts"]).replace(
        " point ", "."
    )


def _range(match: re.Match[str]) -> str | None:
    first, last = value_below_100(match["first"]), value_below_100(match["last"])
    # "Ten to five" is a time, "nine to five" a working day.
    return f"{first} to {last}" if first < last and last > 12 else None


def _pounds(match: re.Match[str]) -> str | None:
    number = _form(match["number"])
    if number is None and re.fullmatch(BELOW_100, match["number"], re.IGNORECASE):
        number = str(value_below_100(match["number"]))
    return number and number + match["unit"]


def _address(match: re.Match[str]) -> str:
    return match.group().lower().replace(" dot ", ".").replace(" at ", "@")


def _spoken_date(match: re.Match[str]) -> str | None:
    day, year = _number_of_day(match["day"]), _form(match["year"])
    return f"{match['month']} {day}, {year}" if day and year and year.isdigit() and int(year) in YEARS else None


def _percent(match: re.Match[str]) -> str | None:
    if match["below_one"]:
        return "0." + "".join(str(value_below_100(digit)) for digit in match["below_one"].split()[1:]) + "%"
    written = match["digits"] or _form(match.group())
    return written and written.replace(" ", "").rstrip("%") + "%"


def _money(match: re.Match[str]) -> str | None:
    if match["digits"]:
        return ("€" if match["unit"][0] in "eE" else "$") + match["digits"]
    written = _form(match.group())
    return written if written and written[0] in "$€" else None


def _number_of_day(said: str) -> str | None:
    """Return the number of a day, 1 to 31, with its suffix if it is spoken as an ordinal."""
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
    # "a thirty second break" does not contain 32nd.
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


def _rule(pattern: str, write: Callable[[re.Match[str]], str | None], *, after: Sequence[str] = ()) -> PhraseRule:
    """Make a rule for whole words; one of the words ``after`` must precede them."""
    start = "(?:" + "|".join(rf"(?<=\b{word} )" for word in after) + ")" if after else r"(?<![\w'’.-])"
    # ASCII: an English number may stand between Han letters.
    return PhraseRule(re.compile(rf"{start}(?:{pattern})(?![\w'’])", re.IGNORECASE | re.ASCII), write)


_COUNTED: Final = rf"(?:[ -](?:{NUMBER}|percent|per cent|dollars?|euros?|point)\b)"

_DECADES: Final = {
    decade: 10 * tens
    for tens, decade in enumerate(
        ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"), 2
    )
}
_MOST_FIGURES: Final = 30
"""Most digits of one amount, with the separators between them."""
_MOST_DOTS: Final = 6
"""Most dots on each side of an address. Without these bounds the search would take quadratic time."""
_FIGURES: Final = rf"\d[\d.,]{{0,{_MOST_FIGURES}}}"
_DOMAINS: Final = "(?:com|org|net|edu|gov|io|ai|app|dev|info|cn|de|uk|fr|jp|co)"
_CLOCK_FOLLOWS: Final = ["at", "by", "until", "till", "before", "after", "around", "since", "from", "it's", "it’s"]
"""Words after which two numbers that form a clock time are read as one."""
_TIME_ENDS: Final = r"(?=[.,?!;]|$| (?:today|tomorrow|tonight|on|in the|for|and|or|to|please|then|sharp|when|if|but)\b)"

_RULES: Final = (
    _rule(rf"[\w.]+(?: dot \w+){{0,{_MOST_DOTS}}} at \w+(?: dot \w+){{0,{_MOST_DOTS}}} dot {_DOMAINS}", _address),
    _rule(rf"(?:www dot )?(?!and\b|the\b|an?\b)\w+(?: dot \w+){{0,{_MOST_DOTS}}} dot {_DOMAINS}", _address),
    _rule(rf"(?P<name>version )(?P<parts>{BELOW_100}(?: point {BELOW_100})+)", _version),
    _rule(rf"(?P<century>{TEEN}|twenty)[ -](?P<decade>{'|'.join(_DECADES)})", _decade),
    _rule(rf"(?P<first>{BELOW_100}) to (?P<last>{BELOW_100})(?!{_COUNTED})", _range),
    _rule(rf"(?P<month>march) (?P<day>(?:{TENS}[ -])?{ORDINAL}),? (?P<year>{RUN})", _spoken_date),
    _rule(rf"(?:half past|(?:a )?quarter (?:past|to)) {HOUR}(?: [ap]\.? ?m\b\.?)?", _clock),
    _rule(rf"{HOUR} o['’]clock", _clock),
    _rule(rf"(?!one am){HOUR}(?:[ -]{MINUTE})? [ap](?:\.m\.?|\.? m\b\.?|m)", _clock),
    _rule(
        rf"(?P<hour>{HOUR})[ -](?P<minute>{MINUTE})(?!{_COUNTED})",
        _time_of_day,
        after=_CLOCK_FOLLOWS,
    ),
    _rule(
        rf"(?P<hour>1[0-2]|[1-9])(?P<dot>\.?)(?P<minute>[0-5]\d){_TIME_ENDS}",
        _time_in_figures,
        after=("at", "by", "until"),
    ),
    PhraseRule(
        re.compile(rf"^(?P<hour>{HOUR})[ -](?P<minute>{MINUTE})(?=[.?!]?$)", re.IGNORECASE | re.ASCII), _time_of_day
    ),
    _rule(
        rf"(?P<before>\d\d? ?:\d\d (?:to|and|or) )(?P<hour>{HOUR})[ -](?P<minute>{MINUTE})(?!{_COUNTED})",
        lambda match: match["before"] + (_time_of_day(match) or f"{match['hour']} {match['minute']}"),
    ),
    _rule(rf"(?P<number>{RUN})(?P<unit> (?:pounds|pence|yuan|yen))", _pounds),
    _rule(
        rf"(?:(?P<digits>{_FIGURES})|(?P<below_one>point(?: (?:zero|oh|{UNIT})\b)+)|{DECIMAL}) per ?cent",
        _percent,
    ),
    _rule(
        rf"(?:(?P<digits>{_FIGURES}(?: (?:million|billion))?)|{DECIMAL})[ -](?P<unit>dollars?|euros?)"
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
