"""Quantities with a symbol: 324m, 60km/h, 25m², 37.5℃, 5000mAh, 80MB/s."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import digits, number

_UNITS: Final = {
    "nm": "纳米",
    "μm": "微米",
    "um": "微米",
    "mm": "毫米",
    "cm": "厘米",
    "dm": "分米",
    "m": "米",
    "km": "公里",
    "ha": "公顷",
    "in": "英寸",
    "ft": "英尺",
    "mi": "英里",
    "μg": "微克",
    "mg": "毫克",
    "g": "克",
    "kg": "千克",
    "t": "吨",
    "lb": "磅",
    "oz": "盎司",
    "ml": "毫升",
    "mL": "毫升",
    "l": "升",
    "L": "升",
    "cc": "毫升",
    "ns": "纳秒",
    "μs": "微秒",
    "ms": "毫秒",
    "s": "秒",
    "min": "分钟",
    "h": "小时",
    "Hz": "赫兹",
    "kHz": "千赫",
    "MHz": "兆赫",
    "GHz": "吉赫兹",
    "V": "伏",
    "kV": "千伏",
    "mV": "毫伏",
    "mA": "毫安",
    "mAh": "毫安时",
    "Ah": "安时",
    "W": "瓦",
    "mW": "毫瓦",
    "kW": "千瓦",
    "MW": "兆瓦",
    "GW": "吉瓦",
    "Wh": "瓦时",
    "kWh": "千瓦时",
    "Ω": "欧姆",
    "kΩ": "千欧",
    "MΩ": "兆欧",
    "mol": "摩尔",
    "mmol": "毫摩尔",
    "J": "焦耳",
    "kJ": "千焦",
    "cal": "卡",
    "kcal": "千卡",
    "Pa": "帕",
    "hPa": "百帕",
    "kPa": "千帕",
    "MPa": "兆帕",
    "mmHg": "毫米汞柱",
    "dB": "分贝",
    "rpm": "转每分钟",
    "r/min": "转每分钟",
    "mph": "英里每小时",
    "fps": "帧每秒",
    "bps": "比特每秒",
    "kbps": "千比特每秒",
    "Kbps": "千比特每秒",
    "Mbps": "兆比特每秒",
    "Gbps": "吉比特每秒",
    "KB": "KB",
    "MB": "MB",
    "GB": "GB",
    "TB": "TB",
    "px": "像素",
    "ppm": "PPM",
    "°C": "摄氏度",
    "°F": "华氏度",
    "°": "度",
}
_BELOW: Final = {
    "h": "小时",
    "s": "秒",
    "min": "分钟",
    "m": "米",
    "km": "公里",
    "L": "升",
    "ml": "毫升",
    "kg": "千克",
    "d": "天",
} | {
    "s^2": "平方秒",
    "m^2": "平方米",
    "m^3": "立方米",
    "cm^2": "平方厘米",
    "cm^3": "立方厘米",
}
_POWERS: Final = {"2": "平方", "3": "立方"}


def _alternatives(symbols: dict[str, str]) -> str:
    return "|".join(re.escape(symbol) for symbol in sorted(symbols, key=len, reverse=True))


def _quantity(match: re.Match[str]) -> str:
    power = _POWERS[match["power"][-1]] if match["power"] else ""
    below = f"每{_BELOW[match['below']]}" if match["below"] else ""
    said = number(match["amount"], counts=True)
    return f"{'负' if match['minus'] else ''}{said}{power}{_UNITS[match['unit']]}{below}"


UNITS: Final = kind(
    r"\d ?[A-Za-z°μΩ]|\d[米块毛]\d|次方|m\^",
    rule(r"(?<=\d)(米)(\d{1,2})(?![\d.米厘分个]|公分)", lambda match: match[1] + digits(match[2])),
    rule(
        rf"(?P<minus>(?<![\dA-Za-z])-)?(?P<amount>(?<![\d.A-Za-z])\d+(?:\.\d+)?) ?(?P<unit>{_alternatives(_UNITS)})"
        rf"(?P<power>\^?[23])?(?: ?/ ?(?P<below>{_alternatives(_BELOW)}))?(?![A-Za-z\d^]| ?\d)",
        _quantity,
    ),
    rule(r"(?<![A-Za-z])(c?m|km)\^([23])(?!\d)", lambda match: _POWERS[match[2]] + _UNITS[match[1]]),
    rule(
        rf"(?<=次方) ?({_alternatives(_UNITS)})(?:/({_alternatives(_BELOW)}))?(?![A-Za-z\d^])",
        lambda match: _UNITS[match[1]] + (f"每{_BELOW[match[2]]}" if match[2] else ""),
    ),
)
