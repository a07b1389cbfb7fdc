"""Money with a sign: $1,000, HK$200, ¥1.2万, $5-10, 5元/斤. Amounts in 元 are plain numbers."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import HAN, RANGE, number

_SIGNS: Final = {
    "HK$": "港元",
    "US$": "美元",
    "NT$": "新台币",
    "A$": "澳元",
    "C$": "加元",
    "S$": "新元",
    "$": "美元",
    "€": "欧元",
    "£": "英镑",
    "¥": "元",
    "₩": "韩元",
    "₽": "卢布",
    "₹": "卢比",
    "฿": "泰铢",
}
_CODES: Final = {
    "USD": "美元",
    "EUR": "欧元",
    "GBP": "英镑",
    "JPY": "日元",
    "CNY": "元",
    "RMB": "元",
    "HKD": "港元",
    "TWD": "新台币",
    "KRW": "韩元",
}
_SCALES: Final = {"k": "千", "K": "千", "M": "百万", "m": "百万", "B": "十亿", "b": "十亿", "bn": "十亿"}
_UNIT: Final = "元|块|美元|美金|港元|港币|欧元|英镑|日元|人民币"


def _money(match: re.Match[str]) -> str:
    said = _amount(match["amount"], match["scale"])
    if match["until"]:
        said += "到" + _amount(match["until"], "")
    unit = "" if match["unit"] is not None else _SIGNS[match["sign"]]
    return ("负" if match["minus"] else "") + said + (match["han"] or "") + unit


def _amount(written: str, scale: str | None) -> str:
    if not scale:
        written = written.removesuffix(".00")
        return number(written, counts=True)
    # 3.2B is 三十二亿.
    value = round(float(written) * {"千": 10**3, "百万": 10**6, "十亿": 10**9}[_SCALES[scale]])
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if value >= size:
            return number(f"{value / size:.4f}".rstrip("0").rstrip(".")) + name
    return number(str(value))


def _with_code(match: re.Match[str]) -> str:
    return number(match[1]) + (match[2] or "") + _CODES[match[3]]


MONEY: Final = kind(
    r"[$€£¥₩₽₹฿/]|[A-Z]{3}",
    rule(
        rf"(?P<minus>-)?(?P<sign>(?:HK|US|NT|A|C|S)?\$|[€£¥₩₽₹฿]) ?(?P<amount>\d{{1,15}}(?:\.\d{{1,9}})?)"
        rf"(?P<scale>[kKMmB]|bn)?(?![\d.]*\d)(?:{RANGE}(?:[$€£¥])?(?P<until>\d{{1,15}}(?:\.\d{{1,9}})?))?"
        rf"(?P<han>[百千]?万亿?|[百千]?亿)?(?P<unit>(?=(?:{_UNIT})))?",
        _money,
    ),
    rule(rf"(?<![\w.])(\d{{1,15}}(?:\.\d{{1,9}})?)(万|亿)? ?({'|'.join(_CODES)})(?![A-Za-z])", _with_code),
    rule(rf"(\d[万亿]?[{HAN}]{{1,2}})/(?=[{HAN}])", r"\1每"),
)
"""元/斤 is read 元每斤."""
