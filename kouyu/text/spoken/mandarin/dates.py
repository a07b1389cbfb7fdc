"""Dates, years and their ranges: 2026-03-02, 2026.11.30, 3月2日, 2-3月, 2019—2021年, 98年, 3·15."""

import re
from typing import Final

from kouyu.text.spoken.kinds import kind, rule
from kouyu.text.spoken.mandarin.numerals import HAN, RANGE, cardinal, digits

_YEAR: Final = r"(?:1[0-9]|20|21)\d\d"


def _year_month_day(match: re.Match[str]) -> str | None:
    of_year, _, month, day = match.groups()
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    return f"{digits(of_year)}年{cardinal(int(month))}月{cardinal(int(day))}日"


def _number_before(match: re.Match[str]) -> str:
    return cardinal(int(match[1]))


def _month_day(match: re.Match[str]) -> str | None:
    # 从1/2到3/4 may be fractions.
    if int(match[3]) < 13 and not match[1].startswith(("截", "日")):
        return None
    return f"{match[1]}{cardinal(int(match[2]))}月{cardinal(int(match[3]))}日"


def _years(match: re.Match[str]) -> str:
    return f"{digits(match[1])}{match[2] or ''}到{digits(match[3])}"


def _months(match: re.Match[str]) -> str:
    return f"{cardinal(int(match[1]))}到{cardinal(int(match[2]))}"


DATES: Final = kind(
    rf"\d|[{HAN}]{RANGE.replace(' ?', '')}",
    rule(rf"(?<![\w.-])({_YEAR})([-/.])(\d\d?)\2(\d\d?)(?!\d|[-/.]\d)", _year_month_day),
    rule(r"((?:截止|截至|日期|到|至|于|从)[是为到]?)(1[0-2]|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?![\d/])", _month_day),
    rule(rf"(?<![\w.])({_YEAR})(年)?{RANGE}({_YEAR}|\d\d(?=赛季|学年|财年))(?![\w.])", _years),
    rule(rf"(?<![\w.])(?<!前)({_YEAR})(?=年(?!前)|届|级|款|赛季|》)", lambda match: digits(match[1])),
    rule(rf"(?<![\w.])(?<!前)(?!\d\d00)({_YEAR})(?=年前)", lambda match: digits(match[1])),
    rule(r"(?<![\w.])(\d[05])(?=后(?!天|年|排|座|续))", lambda match: digits(match[1])),
    rule(
        r"(?:(?<![^，。！？、；：“（\s])|(?<=[在从到自于是]))([5-9]\d|0\d)(?=年(?![代前后来间内里以历时多]|级|了|的(?:历史|时间|经验|寿命|友谊|婚姻|生活)))",
        lambda match: digits(match[1]),
    ),
    rule(rf"(?<![\w.])(\d{{1,2}}){RANGE}(\d{{1,2}})(?=月(?!薪))", _months),
    rule(rf"(?<=月)(\d{{1,2}}){RANGE}(\d{{1,2}})(?=[日号])", _months),
    rule(r"(?<=月)(\d{1,2})(?=[日号])", _number_before),
    rule(r"(?<![\d.])(\d{1,2})(?=月\D|月\Z|日|号)(?!\d+月饼)", _number_before),
    rule(rf"(?<=[日号月年周时]){RANGE}(?=[{HAN}\d])", "到"),
    rule(rf"((?:周|星期|礼拜)[一二三四五六日天]){RANGE}(?=(?:周|星期|礼拜)?[一二三四五六日天])", r"\1到"),
    rule(r"(?<![\w.])(\d{1,2})·(\d{1,2})(?!\d)", lambda match: digits(match[1] + match[2])),
    rule(r"(?<![\w.])(3\.15|9\.11|12\.9|9\.18)(?=晚会|事件|运动|事变)", lambda match: digits(match[1])),
)
