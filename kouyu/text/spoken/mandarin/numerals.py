"""Numbers in Chinese characters: cardinals, with 两 where it is spoken, decimals, digits one by one."""

from typing import Final

NUMBER: Final = r"(?<![\d.])\d+(?:\.\d+)?"
"""Regular expression of a number without commas that never starts inside another number."""

HAN: Final = "\u4e00-\u9fff"
RANGE: Final = r" ?[-–—~～－]{1,2} ?"
"""Separators of a range."""

MOST_DIGITS: Final = 16
"""A longer number is read digit by digit."""

_DIGITS: Final = "零一二三四五六七八九"
_PLACES: Final = ("", "十", "百", "千")
_GROUPS: Final = ("", "万", "亿", "万亿")


def cardinal(number: int) -> str:
    """1024 is 一千零二十四, 2000 两千, 200 二百. For numbers from 0 up to MOST_DIGITS digits."""
    if number == 0:
        return "零"
    said = ""
    gap = False
    for group in reversed(range(len(_GROUPS))):
        part = number // 10000**group % 10000
        if not part:
            gap = bool(said)
            continue
        if said and (gap or part < 1000):
            said += "零"
        said += ("两" if part == 2 and group else _below_10000(part, first=not said)) + _GROUPS[group]
        gap = False
    return said[1:] if said.startswith("一十") else said


def _below_10000(number: int, *, first: bool) -> str:
    said = ""
    gap = False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(said)
            continue
        said += (
            ("零" if gap else "") + ("两" if digit == 2 and place == 3 and first else _DIGITS[digit]) + _PLACES[place]
        )
        gap = False
    return said


def digits(text: str, one: str = "一") -> str:
    """Read a text's digits one by one, without other characters. ``one`` is 幺 for telephones and rooms."""
    return "".join(one if digit == "1" else _DIGITS[int(digit)] for digit in text if digit.isdecimal())


def number(text: str, *, counts: bool = False) -> str:
    """Read a number such as "3.50" or "007". ``counts``: a measure word follows, so 2 is 两."""
    whole, point, decimals = text.partition(".")
    if counts and text == "2":
        return "两"
    if len(whole) > MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        said = digits(whole)
    else:
        said = cardinal(int(whole or 0))
    return f"{said}点{digits(decimals)}" if point else said
