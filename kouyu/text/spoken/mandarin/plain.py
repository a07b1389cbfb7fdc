"""The first and last rules: commas out of grouped numbers; percentages, fractions, negative and plain numbers."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import HAN, NUMBER, cardinal, number


def _percent(match: re.Match[str]) -> str:
    # 我100%同意 is 百分之百.
    said = "百" if match[2] == "100" else number(match[2])
    return f"{'负' if match[1] else ''}百分之{said}"


def _fraction(match: re.Match[str]) -> str | None:
    whole, top, bottom = match.groups()
    if not whole and int(top) > int(bottom) and int(top) <= 12 and 0 < int(bottom) <= 31:
        return f"{cardinal(int(top))}月{cardinal(int(bottom))}日"
    before = f"{number(whole)}又" if whole else ""
    return f"{before}{number(bottom)}分之{number(top)}"


def _plain(match: re.Match[str]) -> str:
    return number(match.group())


COMMAS: Final = kind(
    r"\d,\d|\.00元",
    rule(r"(?<![\d,])\d{1,3}(?:,\d{3})+(?![\d,])", lambda match: match.group().replace(",", "")),
    rule(r"(?<=\d)\.00(?=元)", ""),
)
NUMBERS: Final = kind(
    r"\d|/",
    rule(r"(?<![\d.])(\d{1,6})分之(\d{1,6})(?![\d.])", lambda match: f"{number(match[1])}分之{number(match[2])}"),
    rule(r"((?<![\dA-Za-z])[-–])?(?<![\d.])(\d+(?:\.\d+)?) ?%", _percent),
    rule(r"(?<![\d./])(?:(\d{1,6}) )?(\d{1,6})/(\d{1,6})(?![\d/]|\.\d)", _fraction),
    rule(rf"(?<![\dA-Za-z])[-–]{NUMBER}", lambda match: f"负{number(match.group()[1:])}"),
    rule(rf"(?<![\w.)])\+{NUMBER}", lambda match: f"正{number(match.group()[1:])}"),
    rule(r"(?<=[A-Za-z])/(?=[A-Za-z\d])", " "),
    rule(rf"(?<=[{HAN}])/(?=[天日月年周次人秒分件个斤晚张位份瓶平]|小时|公斤)", "每"),
    rule(rf"(?<=[{HAN}])/(?=[{HAN}])", "、"),
    rule(NUMBER, _plain),
    rule(r"\d+", _plain),
)
