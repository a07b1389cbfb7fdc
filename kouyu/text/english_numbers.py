"""Regular expressions for English numbers in words, to be used with IGNORECASE."""

from typing import Final

UNIT: Final = "(?:one|two|three|four|five|six|seven|eight|nine)"
TEEN: Final = "(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
TENS: Final = "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
SCALE: Final = "(?:hundred|thousand|million|billion|trillion)"
NUMBER: Final = rf"(?:{UNIT}|{TEEN}|{TENS}|{SCALE}|zero|oh)"
ORDINAL: Final = (
    "(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth"
    "|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth|fortieth|fiftieth|sixtieth"
    "|seventieth|eightieth|ninetieth)"
)
MONTH: Final = "(?:January|February|(?-i:March)|April|(?-i:May)|June|July|August|September|October|November|December)"
"""In lower case "may" and "march" are verbs."""

BELOW_100: Final = rf"(?:{TENS}[ -]{UNIT}|{TENS}|{TEEN}|{UNIT})"
BELOW_1000: Final = rf"(?:{BELOW_100}[ -]hundred(?: (?:and )?{BELOW_100})?|{BELOW_100})"
CARDINAL: Final = rf"(?:minus )?{BELOW_1000}(?:[ -](?:thousand|million|billion|trillion)(?: (?:and )?{BELOW_1000})?)*"
"""A well-formed number: "two hundred and five thousand", but not "forty fifty"."""

DIGITS: Final = rf"(?:{UNIT}|zero)(?:[ -](?:{UNIT}|zero|oh))+"
"""Digits said one by one."""

YEAR: Final = rf"(?:{TEEN}|twenty)[ -](?:oh[ -]{UNIT}|{BELOW_100})"
"""A year said in two halves: "nineteen oh five"."""

HOUR: Final = rf"(?:{UNIT}|ten|eleven|twelve)"
MINUTE: Final = rf"(?:oh[ -]{UNIT}|{TEEN}|(?:twenty|thirty|forty|fifty)(?:[ -]{UNIT})?)"

RUN: Final = rf"(?:a (?={SCALE}))?(?!oh\b){NUMBER}\b(?:(?:[ -]|(?<=[dn]) and ){NUMBER}\b){{0,24}}+"
"""A run of number words, well-formed or not; "and" only after hundred, thousand, million.

Bounded and possessive: a recogniser that loops may repeat one number a thousand times.
"""

AFTER_POINT: Final = rf" point(?: (?:zero|oh|{UNIT})\b)+"
DECIMAL: Final = rf"{RUN}(?:{AFTER_POINT}(?: {SCALE}\b)?)?"

_UNITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES: Final = (
    {word: value for value, word in enumerate((*_UNITS, *_TEENS))}
    | {word: value for value, word in zip(range(20, 100, 10), _TENS, strict=True)}
    | {"oh": 0}
)


def value_below_100(said: str) -> int:
    """Return the value of "forty-five", "oh five" or "twelve". Raises KeyError for other words."""
    return sum(_VALUES[word] for word in said.lower().replace("-", " ").split())
