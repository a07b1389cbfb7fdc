"""Formulas and signs: 2+2=4, 10-3=7, 3×4, x², 10^6, √16, ±5, x≥5."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import HAN, cardinal

_NUMERALS: Final = "零一二三四五六七八九十百千万亿两"
_LEFT: Final = rf"(?<=[\dA-Za-z)）{_NUMERALS}方米元])"
_RIGHT: Final = rf"(?=[-\dA-Za-z(（√π{_NUMERALS}根派])"
_POWERS: Final = {"2": "的平方", "3": "的三次方"}


def _power(match: re.Match[str]) -> str:
    exponent = match[1]
    if exponent in _POWERS:
        return _POWERS[exponent]
    said = cardinal(int(exponent.lstrip("-"))) if exponent.lstrip("-").isdecimal() else exponent
    return f"的{'负' if exponent[0] == '-' else ''}{said}次方"


POWERS: Final = kind(r"\d\^", rule(r"(?<=[\d)])\^\(?(-?\d{1,3}|[a-z](?![a-z]))\)?", _power))
MATHS: Final = kind(
    r"[-+*×÷=^<>≤≥≠≈±√∞π/]",
    rule(r"(?<=[A-Za-z)])\^\(?(-?\d{1,3}|[a-z])\)?(?!\w)", _power),
    rule(r"√ ?", "根号"),
    rule(r"(?<=\d) ?- ?(?=\d[\d.]{0,20} ?=)", "减"),
    rule(r"(?<=\d) ?/ ?(?=\d[\d.]{0,20} ?=)", "除以"),
    rule(rf"{_LEFT} ?\+ ?{_RIGHT}", "加"),
    rule(rf" ?× ?|{_LEFT} ?[*] ?{_RIGHT}", "乘"),
    rule(rf"{_LEFT} ?÷ ?{_RIGHT}", "除以"),
    rule(r" ?= ?", "等于"),
    rule(r" ?(?:≤|<=) ?", "小于等于"),
    rule(r" ?(?:≥|>=) ?", "大于等于"),
    rule(r" ?≠ ?", "不等于"),
    rule(r" ?≈ ?", "约等于"),
    rule(r" ?± ?", "正负"),
    rule(rf"(?<=[\w{HAN}]) ?< ?(?=[\w-])", "小于"),
    rule(rf"(?<=[\w{HAN}]) ?> ?(?=[\w-])", "大于"),
    rule("∞", "无穷大"),
    rule("π", "派"),
)
