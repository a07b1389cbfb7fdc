"""Ranges, ratios and scores: 3-5天, 20-30%, 5℃~10℃, 第2-3页, 3-1赢, 16:9, 100+人."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import HAN, NUMBER, RANGE, number

_END: Final = r"\d+(?:\.\d+)?"


def _range(match: re.Match[str]) -> str:
    """Read a range's start; its end keeps its digits for the rules that read numbers with a unit."""
    return f"{'负' if match['minus'] else ''}{number(match['first'], counts=not match['minus'])}到{match['last']}"


def _apart(match: re.Match[str]) -> str | None:
    """Read "10-3等于7" as a subtraction: a range does not count down."""
    return f"{number(match[1])}减{number(match[2])}"


def _score_or_range(match: re.Match[str]) -> str:
    between = "到" if float(match[1]) < float(match[2]) else "比"
    return f"{number(match[1])}{between}{number(match[2])}"


def _percents(match: re.Match[str]) -> str:
    return f"百分之{number(match[1])}到百分之{number(match[2])}"


def _ordinals(match: re.Match[str]) -> str:
    return f"第{number(match[1])}到{number(match[2])}"


def _score(match: re.Match[str]) -> str:
    return f"{match[1]}{number(match[2])}比{number(match[3])}"


def _ratio(match: re.Match[str]) -> str:
    return f"{number(match[1])}比{number(match[2])}"


_UNIT: Final = "[点米元块万亿岁度个斤吨升克秒分天倍]|公里|厘米|千克|公斤|小时|分钟|°C|美元"

SCORES: Final = kind(
    r"\d[-:–/]\d",
    rule(
        r"(血压(?:是|为|约)?)(\d{2,3})/(\d{2,3})(?!\d)",
        lambda match: f"{match[1]}{number(match[2])}，{number(match[3])}",
    ),
    rule(r"((?:比例|比分|赔率|比率|占比|概率)(?:是|为|约为)?)(\d{1,5})[-:–](\d{1,5})(?![\d:.])", _score),
    rule(
        rf"({NUMBER})[:：]({_END})(?=(?:的)?(?:兑|稀释|混合|配比|调配|比例|缩放|等比|赔率|进行|勾兑))",
        lambda match: f"{number(match[1])}比{number(match[2])}",
    ),
    rule(rf"({NUMBER}) ?[-–] ?({_END})(?= ?(?:=|等于|是多少|得多少))", _apart),
)
RANGES: Final = kind(
    r"\d",
    rule(rf"(?<=\d)({_UNIT}){RANGE}(?=-?\d)", r"\1到"),
    rule(rf"第(\d{{1,6}}){RANGE}第?(\d{{1,6}})(?!\d)", _ordinals),
    rule(rf"({NUMBER})%?{RANGE}({_END})%", _percents),
    rule(
        rf"({NUMBER}) ?[-–:：] ?({_END})(?=[{HAN}]{{0,2}}(?:赢|胜|负|输|战胜|击败|战平|领先|落后|大胜|险胜|取胜|战成))",
        _ratio,
    ),
    rule(rf"({NUMBER})[:：]({_END})(?![\d:])", _ratio),
    rule(
        rf"(?P<minus>(?<![\dA-Za-z])-)?(?P<first>{NUMBER})(?:°C|℃|元|万)?{RANGE}(?P<last>-?{_END})(?=[{HAN}°μΩA-Za-z/])(?!\d*[{HAN}]?=)",
        _range,
    ),
    rule(rf"({NUMBER}) ?[-–] ?({_END})(?=[，。！？、；）)]|\Z)", _score_or_range),
    rule(rf"({NUMBER})(万|亿)?\+(?=[{HAN}，。！？、；）]|\Z)", lambda match: f"{number(match[1])}{match[2] or ''}多"),
    rule(r"(?<![\w.)])~ ?(?=\d)", "大约"),
    rule(rf"({NUMBER})‰", lambda match: f"千分之{number(match[1])}"),
)
