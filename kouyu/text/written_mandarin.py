"""ITN for Mandarin: 一百美元 becomes $100, 下午三点半 becomes 下午3:30.

This module finds the phrases and passes only them to the grammar, which by itself turns 十分感谢 into 10分感谢. A
number of one character stays (一个人, 三个苹果), unless it is part of a date, a clock time, a percentage or money; so
do sayings and rough numbers (三四个, 十几个).
"""

import re
from typing import Final

from kouyu.text.phrase_rules import PhraseRule, rewrite
from kouyu.text.transducers import LONGEST_PHRASE, phrase

_DIGIT: Final = "零〇一二三四五六七八九幺两"
_DIGIT_VALUES: Final = dict(zip(map(ord, _DIGIT + "十"), [*"0012345678912", "10"], strict=True))
_NUMERAL: Final = f"[{_DIGIT}十百千万亿]"
_RUN: Final = rf"(?<!{_NUMERAL}){_NUMERAL}+(?!{_NUMERAL})"

_ONE: Final = "[一二三四五六七八九两]"
_BELOW_10000: Final = rf"(?:(?:{_ONE}千)?(?:零?{_ONE}百)?(?:零?{_ONE}?十)?(?:零?{_ONE})?)"
_CARDINAL: Final = re.compile(rf"(?=.*[十百千万亿])(?:{_BELOW_10000}亿)?(?:零?{_BELOW_10000}万)?(?:零?{_BELOW_10000})?")
"""A well-formed number with at least one unit in it: 一万二千, 十五, but not 三四十."""
_DIGITS: Final = re.compile(rf"(?=.*[零〇幺])[{_DIGIT}]{{3,}}|[{_DIGIT}]{{4,}}")
"""Digits spoken one by one: telephone numbers, rooms, years."""

_MOST_FIGURES: Final = 30
"""Most digits of one amount, with the separators between them; bounds the search at each position."""

_FIGURES: Final = rf"(?<!\d)\d[\d.,]{{0,{_MOST_FIGURES}}}+"

_COUNTED: Final = (
    "(?:[个岁天年月号日点块元人次件本张台部辆条只名位米斤秒种家倍度级楼层]"
    "|公里|公斤|分钟|小时|美元|欧元|英镑|毫米|厘米)"
)
_MEASURED: Final = rf"(?=[万亿%]|{_COUNTED}|[^\u4e00-\u9fff]|左右|以[上下]|$)"

_SAYINGS: Final = (
    "五十步笑百步|三十六计|三十六策|三十而立|四十不惑|五十知天命|六十耳顺|七十古来稀|二百五(?!十)|十万八千里|七十二变"
    "|一千零一夜|一万个不|十月怀胎|三百六十行|十有八九|百分之百地|十一(?:假期|黄金周|长假|放假|国庆|期间)|双十一|双十二|二十四孝"
)

_NOT_A_COUNT: Final = frozenset("有早晚快慢多少大小这那高低好差")
"""Words before 一点 that make it "a little": 早一点半小时也行."""


def written_mandarin(text: str) -> str:
    """Write numbers, money, percentages, dates and clock times in digits; everything else stays unchanged.

    About 1 ms for each new phrase.
    """
    if not _HAS_NUMBER.search(text):
        return text
    parts = _SAYING.split(text)
    # Every second part is an idiom.
    return "".join(part if index % 2 else rewrite(part, _RULES) for index, part in enumerate(parts))


def _form(said: str) -> str | None:
    """Return the grammar's result if it has no numeral left."""
    written = phrase(said, "zh")
    return None if written is None or re.search(_NUMERAL, written) else written


def _number(said: str) -> str | None:
    """Write a number in digits; round ones keep their 万 and 亿."""
    if said.isdecimal() and said.isascii():
        return said
    if len(said) > LONGEST_PHRASE:
        return None
    if "亿" in said:
        before, after = (_number(part) if part else "" for part in said.split("亿", maxsplit=1))
        return f"{before}亿{after}" if before and after is not None else None
    head = said.removesuffix("万")
    # The grammar does not convert single characters.
    written = digits(head) if len(head) == 1 else phrase(head, "zh")
    if written is None or not re.fullmatch(r"\d+(?:\.\d+)?", written):
        return None
    return written + said[len(head) :]


def digits(said: str) -> str:
    """Write Mandarin digits and 十 in figures, each character by itself: 二零二六 becomes 2026."""
    return said.translate(_DIGIT_VALUES)


def _percent(match: re.Match[str]) -> str | None:
    if match["number"].isascii():
        return match["number"] + "%"
    written = _form(match.group())
    return written if written and re.fullmatch(r"[\d.]+%", written) else None


def _money(match: re.Match[str]) -> str | None:
    number = match["number"] if match["number"].isascii() else _number(match["number"])
    if number is None:
        return None
    # 100万美元: the sign would stand too far from what it counts.
    return number + match["unit"] if number[-1] in "万亿" else _SIGNS[match["unit"]] + number


def _date(match: re.Match[str]) -> str | None:
    month, day = _number(match["month"]), _number(match["day"])
    if month is None or day is None or not (0 < int(month) <= 12 and 0 < int(day) <= 31):
        return None
    return f"{month}月{day}{match['unit']}"


def _month(match: re.Match[str]) -> str | None:
    month = _number(match["month"])
    return f"{month}月" if month and 0 < int(month) <= 12 else None


def _year(match: re.Match[str]) -> str | None:
    return digits(match["year"])


def _clock(match: re.Match[str]) -> str | None:
    before = match.string[max(0, match.start("hour") - 1) : match.start("hour")]
    if match["hour"] == "一" and before in _NOT_A_COUNT:
        return None
    hour = _number(match["hour"] or match["figures"])
    minute = _MINUTES.get(match["minute"]) or _number(match["minute"].strip("零分"))
    if hour is None or minute is None or not (int(hour) <= 24 and int(minute) <= 59):
        return None
    part = match["part"] or ""
    if part in _AFTERNOON and int(hour) < 12:
        part, hour = "", str(int(hour) + 12)
    return f"{part}{hour}:{int(minute):02d}"


def _hour_of_day(match: re.Match[str]) -> str | None:
    hour = _number(match["hour"])
    return f"{match['part']}{hour}点" if hour and int(hour) <= 24 else None


def _score(match: re.Match[str]) -> str | None:
    ours, theirs = _number(match["ours"]), _number(match["theirs"])
    return f"{ours}比{theirs}" if ours and theirs else None


def _decimal(match: re.Match[str]) -> str | None:
    return _number(match["decimal"])


def _cardinal(match: re.Match[str]) -> str | None:
    said = match.group()
    before = match.string[max(0, match.start() - 1) : match.start()]
    after = match.string[match.end() : match.end() + 2]
    if _DIGITS.fullmatch(said):
        return digits(said)
    if not _CARDINAL.fullmatch(said) or after.startswith(("几", "分之")) or said[0] in "百千万亿零":
        return None
    if said[0] == "十" and before.endswith(("几", "数", "好")):
        return None
    # 十分感谢, 十字路口, 十全十美: ten alone is a number only where something is counted.
    if said in ("十", "十一") and not (before.endswith("第") or re.match(_COUNTED, after)):
        return None
    return _number(said)


def _fraction(match: re.Match[str]) -> str | None:
    written = _form(match.group())
    return written if written and re.fullmatch(r"\d+/\d+", written) else None


_SIGNS: Final = {"美元": "$", "美金": "$", "欧元": "€", "英镑": "£"}
_PARTS: Final = "上午|下午|早上|晚上|中午|凌晨|傍晚|清晨|半夜"
_AFTERNOON: Final = frozenset({"下午", "晚上", "傍晚"})
"""Words after which a 12-hour time becomes a 24-hour time: 下午两点十五分 is 14:15."""
_MINUTES: Final = {"半": "30", "一刻": "15", "三刻": "45"}

_AMOUNT: Final = rf"{_NUMERAL}+(?:点[{_DIGIT}]+[万亿]?)?"
_HOUR: Final = rf"(?P<hour>(?:二?十)?{_ONE}|二?十)"
_TENS_OF_MINUTES: Final = rf"[二三四五]?十{_ONE}?"

_SAYING: Final = re.compile(f"({_SAYINGS})")
_HAS_NUMBER: Final = re.compile(rf"{_NUMERAL}|\d(?:{'|'.join(_SIGNS)}|点|:)")

_RULES: Final = tuple(
    PhraseRule(re.compile(pattern), write)
    for pattern, write in (
        (rf"百分之(?P<number>\d+(?:\.\d+)?|{_AMOUNT})", _percent),
        (rf"(?<!{_NUMERAL}){_NUMERAL}+分之{_NUMERAL}+", _fraction),
        (
            rf"(?P<number>{_FIGURES}[万亿]?|(?<!{_NUMERAL}){_AMOUNT})(?P<unit>{'|'.join(_SIGNS)})",
            _money,
        ),
        (rf"(?P<month>(?<!{_NUMERAL}){_NUMERAL}+|\d\d?)月(?P<day>{_NUMERAL}+|\d\d?)(?P<unit>[日号])", _date),
        (rf"(?<!{_NUMERAL})(?P<year>[{_DIGIT}]{{4}}|零[{_DIGIT}]|九[零〇一二三四五六七八])(?=年)", _year),
        (rf"(?P<month>(?<=年){_NUMERAL}+|(?<!{_NUMERAL})十[一二]?)月", _month),
        (
            rf"(?P<part>{_PARTS})?(?:(?<!{_NUMERAL}){_HOUR}|(?<![\d.])(?P<figures>1?\d|2[0-4]))点(?:，(?=\d{{1,2}}分))?(?P<minute>半(?![点个])|[一三]刻|零{_ONE}分|{_TENS_OF_MINUTES}分?(?!{_NUMERAL})"
            rf"|{_ONE}分(?!之)|[1-5]\d(?!\d)分?|\d分)(?:钟)?",
            _clock,
        ),
        (rf"(?P<part>{_PARTS})(?P<hour>(?!))?(?P<figures>1?\d|2[0-4])[:：](?P<minute>[0-5]\d)(?!\d)", _clock),
        (
            rf"(?<!{_NUMERAL})(?P<ours>{_ONE}|十{_ONE}?)比(?P<theirs>零|{_ONE}|十{_ONE}?)(?!{_NUMERAL}|[多大小少高低好坏差强重])",
            _score,
        ),
        (rf"(?P<part>{_PARTS}){_HOUR}点(?!{_NUMERAL})", _hour_of_day),
        (
            rf"(?<!{_NUMERAL})(?P<decimal>{_NUMERAL}+点(?:[{_DIGIT}]{{2,}}|[{_DIGIT}]{_MEASURED})[万亿]?)(?!{_NUMERAL}|点)",
            _decimal,
        ),
        (_RUN, _cardinal),
    )
)
