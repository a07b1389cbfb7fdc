"""Tells an amount in another unit: "How many seconds are in two hours?" gives 7200 seconds.

Units are in sets within which they have exact ratios. The 斤 and the 两 are those of mainland China.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from kouyu.text.calculation.numbers import (
    FIGURES,
    Result,
    english_in_figures,
    mandarin_in_figures,
    rounded,
    value,
)

_ENGLISH_UNITS: Final[tuple[Mapping[str, str], ...]] = (
    {"second": "1", "minute": "60", "hour": "3600", "day": "86400", "week": "604800"},
    {"month": "1", "year": "12", "decade": "120", "century": "1200", "millennium": "12000"},
    {
        "millimeter": "0.001", "centimeter": "0.01", "meter": "1", "kilometer": "1000",
        "inch": "0.0254", "foot": "0.3048", "yard": "0.9144", "mile": "1609.344",
    },
    {
        "milligram": "0.001", "gram": "1", "kilogram": "1000", "kilo": "1000", "ton": "1000000",
        "ounce": "28.349523125", "pound": "453.59237",
    },
    {"milliliter": "0.001", "liter": "1"},
    {"cent": "1", "dime": "10", "quarter": "25", "dollar": "100"},
)  # fmt: skip
_PLURALS: Final = {"foot": "feet", "inch": "inches", "century": "centuries", "millennium": "millennia"}
_MANDARIN_UNITS: Final[tuple[Mapping[str, str], ...]] = (
    {
        "秒": "1", "秒钟": "1", "分钟": "60", "小时": "3600", "钟头": "3600", "天": "86400", "星期": "604800",
        "礼拜": "604800", "周": "604800",
    },
    {"个月": "1", "年": "12", "世纪": "1200"},
    {
        "毫米": "0.001", "厘米": "0.01", "分米": "0.1", "米": "1", "里": "500", "公里": "1000", "千米": "1000",
        "英里": "1609.344",
    },
    {"毫克": "0.001", "克": "1", "两": "50", "斤": "500", "公斤": "1000", "千克": "1000", "吨": "1000000"},
    {"毫升": "0.001", "升": "1"},
    {"分": "1", "分钱": "1", "角": "10", "毛": "10", "元": "100", "块": "100", "块钱": "100"},
)  # fmt: skip


def result_in_english(question: str) -> Result | None:
    """The amount that an English question asks for in another unit; None if it asks for none."""
    figures = english_in_figures(question.replace("-", " "))
    for pattern in _ASKED_IN_ENGLISH:
        if found := pattern.search(figures):
            amount = found["number"].lower()
            return _converted(Fraction(1) if amount in ("a", "an") else value(amount), found, _ENGLISH_RATIOS)
    return None


def result_in_mandarin(question: str) -> Result | None:
    """The same for Mandarin."""
    found = _ASKED_IN_MANDARIN.search(question)
    if found is None:
        return None
    amount = mandarin_in_figures(found["number"])
    return _converted(value(amount), found, _MANDARIN_RATIOS) if re.fullmatch(FIGURES, amount) else None


def _converted(amount: Fraction, found: re.Match[str], ratios: Mapping[str, tuple[int, Fraction]]) -> Result | None:
    of_set, ratio = ratios[found["unit"].lower()]
    into_set, into = ratios[found["into"].lower()]
    if of_set != into_set:
        return None
    space = " " if found["into"].isascii() else ""
    return rounded(amount * ratio / into, f"{space}{found['into']}")


def _english_ratios() -> dict[str, tuple[int, Fraction]]:
    ratios = {}
    for number, units in enumerate(_ENGLISH_UNITS):
        for unit, ratio in units.items():
            for name in (unit, unit.replace("meter", "metre").replace("liter", "litre")):
                for said in (name, _PLURALS.get(name, f"{name}s")):
                    ratios[said] = (number, Fraction(ratio))
    return ratios


def _any_of(names: Mapping[str, object]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_ENGLISH_RATIOS: Final = _english_ratios()
_MANDARIN_RATIOS: Final = {
    unit: (number, Fraction(ratio)) for number, units in enumerate(_MANDARIN_UNITS) for unit, ratio in units.items()
}
_AMOUNT: Final = rf"(?P<number>{FIGURES}|an?) (?P<unit>{_any_of(_ENGLISH_RATIOS)})\b"
_INTO: Final = rf"(?P<into>{_any_of(_ENGLISH_RATIOS)})\b"
_ASKED_IN_ENGLISH: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bhow many {_INTO}(?: are| is)?(?: there)?(?: in| make| to)? {_AMOUNT}",
        rf"\bhow many {_INTO} (?:does|do|has) {_AMOUNT}",
        rf"\b(?:what is|what's|how much is|convert|how many is) {_AMOUNT} (?:in|into|to) {_INTO}",
        rf"{_AMOUNT} (?:is|are|equals?|has|have|makes?) how many {_INTO}",
    )
)
_ASKED_IN_MANDARIN: Final = re.compile(
    rf"(?P<number>{FIGURES}|[零〇一二两三四五六七八九十百千万亿点]{{1,20}}?)个?(?P<unit>{_any_of(_MANDARIN_RATIOS)})"
    rf"(?:里面?|里头)?(?:一共|总共)?(?:等于|是|有|合|相当于|换算成)(?:多少|几)个?(?P<into>{_any_of(_MANDARIN_RATIOS)})"
)
