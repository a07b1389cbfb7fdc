"""Quantities with a unit: 324 m, 5 m/s, 25 m², 6'2", 20-30%, -5°C, a 100m sprint, 900 sq ft, 1/2 km."""

import re
from typing import Final

from kouyu.text.spoken.english.fractions import fraction
from kouyu.text.spoken.english.numbers import AMOUNT, cardinal, name_number, number
from kouyu.text.spoken.english.unit_names import DENOMINATORS, UNITS
from kouyu.text.spoken.kinds import kind, rule

_NOUNS: Final = (
    r"(?P<noun>(?=[ -](?!(?:or|and|to|for|per|in|on|at|off|of|from|by|with|if|when|is|was|are|were|each|more|less|than"
    r"|that|as|a|an|the|it|we|you|i|he|she|they|but|so|because|over|until|before|after|every|away|out|back|not|now|today|here)\b)"
    r"[A-Za-z]))"
)
_POWERS: Final = {"2": "square ", "3": "cubic "}
_NEAR: Final = 80
"""Characters before a quantity in which it is looked for what tells how to read it."""
_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"


def _alternatives(symbols: dict[str, tuple[str, str]]) -> str:
    return "|".join(re.escape(symbol) for symbol in sorted(symbols, key=len, reverse=True))


def _quantity(match: re.Match[str]) -> str | None:
    amount, until, symbol = match["amount"], match["until"], match["unit"]
    if symbol == "s" and match["gap"] is None and (match["article"] or (len(amount) > 3 and "." not in amount)):
        return None
    lasts = _LASTS.search(match.string, max(0, match.start() - _NEAR), match.start())
    if symbol == "s" and match["gap"] is None and not ("." in amount or lasts):
        return None
    one, many = UNITS[symbol]
    power = match["power"] or (match["squared"] and {"sq": "2", "cu": "3"}[match["squared"].strip()[:2]])
    prefix = _POWERS[power[-1]] if power else ""
    part = "/" in amount
    said = fraction(amount) if part else number(amount)
    if said is None:
        return None
    if until:
        said += f" to {number(until)}"
    # "a 5 m wall", "one meter"
    single = match["noun"] is not None and (match["article"] is not None or match["gap"] == "-")
    single = single or (amount == "1" and not until)
    if part and " " not in amount:
        # "half a kilometer", "three quarters of a mile", but "a quarter pound burger"
        said = _part(said, after_article=match["article"] is not None)
        single = True
    said = f"{match['article'] or ''}{'minus ' if match['minus'] else ''}{said} {prefix}{one if single else many}"
    if match["per"]:
        below, below_power = DENOMINATORS[match["per"]][0], match["per_power"]
        if below_power:
            # Meters per second squared, but kilograms per square meter.
            below = f"{below} squared" if below == "second" else _POWERS[below_power[-1]] + below
        said += f" per {below}"
    return said


def _part(said: str, *, after_article: bool) -> str:
    if after_article:
        return said.removeprefix("one ")
    return "half a" if said == "one half" else f"{said} of a"


def _feet(match: re.Match[str]) -> str:
    feet, inches = match[1], match[2] if match.lastindex == 2 else None
    said = f"{cardinal(int(feet))} {'foot' if feet == '1' else 'feet'}"
    return f"{said} {number(inches)}" if inches else said


def _feet_and_inches(match: re.Match[str]) -> str:
    return f"{_feet(match)} {'inch' if match[2] == '1' else 'inches'}"


def _inches(match: re.Match[str]) -> str | None:
    # A closing quotation mark may follow a digit too.
    if match.string.count('"', 0, match.start()) % 2:
        return None
    before = re.search(r"\b(?:[Aa]n?|[Tt]he) $", match.string[max(0, match.start() - 4) : match.start()])
    return f"{number(match[1])} {'inch' if before or match[1] == '1' else 'inches'}"


_LASTS: Final = re.compile(
    r"\b(?:lasts?|lasted|takes?|took|for|[Ww]ait|within|about|in|after|under|over|every|of|than|least|most) \Z"
)
"""Words before seconds: "in 90s", but "1s and 0s"."""


def _inch(match: re.Match[str]) -> str | None:
    said = fraction(match[1])
    return said and f"{said} inch"


def _by(match: re.Match[str]) -> str:
    first, last = match[1], match[2]
    if len(first) > 2 and "." not in first + last:
        return f"{name_number(first)} by {name_number(last)}"
    # The second number may have a unit.
    return f"{number(first)} by {last}"


QUANTITIES: Final = kind(
    r"\d|per |[a-z]/",
    rule(r"(?<=[a-z])/(?=(?:min|sec|s|hr|h|day|week|wk|month|mo|year|yr|kg|lb|km|night|person)\b)", " per "),
    rule(rf"(?<=\bper )({_alternatives(DENOMINATORS)})\b", lambda match: DENOMINATORS[match[1]][0]),
    rule(r"(?<=\d) ?[x×] ?(?=10 to the power)", " times "),
    rule(r"(\d ?(?:m|cm|mm|km|ft|in)) ?[x×] ?(?=\d)", r"\1 by "),
    rule(
        r"(?<![\w.,=+*/-])(\d{1,5}(?:\.\d{1,3})?) ?[x×] ?(\d{1,5}(?:\.\d{1,3})?)(?!\d|\.\d| ?[=x×]| to the power)", _by
    ),
    rule(r"(?<![\w.,])(\d{1,3})['’′](?= ?[x×]| (?:wide|tall|long|deep|high|by)\b)", _feet),
    rule(r"(?<=feet) ?[x×] ?(\d{1,3})['’′]", lambda match: f" by {cardinal(int(match[1]))} feet"),
    rule(r"(?<![\w.,])(\d{1,2}) ?['’′] ?(\d{1,2}(?:\.\d)?) ?(?:\"|”|″|''|’’)", _feet),
    rule(r"(?<![\w.,])(\d{1,2}) ?(?:ft|feet|foot) (\d{1,2}) ?in\b\.?(?! the)", _feet_and_inches),
    rule(r"(?<![\w.,/])(\d{1,2}/\d{1,2}) ?(?:\"|″)(?= [a-z])", _inch),
    rule(rf"({AMOUNT}) ?(?:\"|″)(?= [a-z])", _inches),
    rule(
        rf"({AMOUNT}) in\b\.?(?= (?:tall|wide|long|deep|high|thick|screen)\b)",
        lambda match: f"{number(match[1])} inches",
    ),
    rule(
        rf"(?P<article>\b(?:[Aa]n?|[Tt]he) )?(?P<minus>(?<![\w.,)])[-–])?"
        rf"(?P<amount>(?<![\w.,])(?:(?:\d{{1,3}} )?\d{{1,3}}/\d{{1,3}}|{_NUMBER}))"
        rf"(?:(?:°[CF]|%)? ?[-–—~] ?(?P<until>{_NUMBER}))?"
        rf"(?:(?P<squared> sq\.? | cu\.? )|(?P<gap>[ -]))?(?P<unit>{_alternatives(UNITS)})(?P<power>\^?[23])?"
        rf"(?: ?/ ?(?P<per>{_alternatives(DENOMINATORS)})(?P<per_power>\^[23])?)?(?![\w^])(?:\.(?= [a-z]))?{_NOUNS}?",
        _quantity,
    ),
)
