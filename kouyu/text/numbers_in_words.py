"""Numbers in a transcript put back into the words that were said: "25%" becomes "twenty-five percent"."""

import re
from collections.abc import Callable
from typing import Final

from kouyu.text.english_numbers import MONTH, TENS, UNIT
from kouyu.text.transducers import phrase

_DIGIT_WORDS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ORDINAL_ENDINGS: Final = {"1": "st", "2": "nd", "3": "rd"}
_COMPOUND: Final = re.compile(rf"\b({TENS}) ({UNIT}|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)\b")

# English

_AMOUNT: Final = r"\d+(?:,\d{3})*(?:\.\d+)?"
_ENGLISH: Final = re.compile(
    rf"""
    (?<![\w.,$€£¥-])(?:
        (?P<told>(?:(?<=code\ )|(?<=code\ is\ )|(?<=PIN\ )|(?<=PIN\ is\ )|(?<=room\ )|(?<=extension\ )
            |(?<=password\ is\ )|(?<=number\ is\ )|(?<=flight\ )|(?<=gate\ ))\d{{3,}}(?![.,]\d|%)
          | (?!\d+00\b)\d{{5,}}(?![.,]\d|%)|\d{{3}}\ (?:\d{{3}}\ )?\d{{4}}(?!\d)
          | 0\d+(?![.,]\d|%)|(?:(?<=call\ )|(?<=dial\ ))(?:911|999|112|110|120)(?![.,]\d))
      | (?P<dotted>(?:(?<=\bat\ )|(?<=\bby\ )|(?<=\buntil\ )|(?<=\bbefore\ )|(?<=\bafter\ )|(?<=\baround\ ))
            (?:1[0-2]|[1-9])\.[0-5]\d(?!\d|%|\ (?:percent|dollars|degrees|million|billion|euros|points?)))
      | (?P<telephone>\d{{1,4}}(?:-\d{{2,4}})*-\d{{4}})
      | (?P<month>{MONTH}[ ])(?P<day>\d\d?)(?!\d|[.,:]\d|st|nd|rd|th|%)
      | (?P<clock>\d\d?:\d\d(?:[ ]?[ap]m\b|[ ]?[ap]\.m\.)?)
      | (?P<hour>\d\d?[ ]?[ap](?:m\b|\.m\.))
      | (?P<decade>(?:\d\d)?\d0s\b)
      | (?P<date>\d{{1,2}}/\d{{1,2}}/\d{{4}})
      | (?P<pair>\d{{1,2}}/\d{{1,2}})(?!/)
      | (?P<range>\d{{1,2}}-\d{{1,2}})(?!-)
      | (?P<money>[$€£¥]{_AMOUNT})(?P<scale>[ ](?:thousand|million|billion|trillion)\b)?
      | (?P<number>-?{_AMOUNT}(?:st\b|nd\b|rd\b|th\b|%)?)
    )(?![\w%]|[./-]\d)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE_STARTS: Final = frozenset({"", ". ", "! ", "? "})


def english_in_words(text: str) -> str:
    """The text without digits, as far as they are not part of a name (MP3, COVID-19)."""
    return _ENGLISH.sub(_english, text)


def _english(match: re.Match[str]) -> str:
    kind, said = match.lastgroup or "", match.group()
    words: str | None
    if match["day"]:
        ending = "th" if match["day"] in ("11", "12", "13") else _ORDINAL_ENDINGS.get(match["day"][-1], "th")
        words = match["month"] + (_spoken(match["day"] + ending) or match["day"])
    elif match["money"]:
        words = _money(match)
    else:
        words = _ENGLISH_KINDS[kind](said)
    if words is None:
        return said
    words = _COMPOUND.sub(r"\1-\2", words)
    before = match.string[max(0, match.start() - 2) : match.start()]
    return words[0].upper() + words[1:] if before in _SENTENCE_STARTS else words


def _spoken(text: str) -> str | None:
    words = phrase(text, "en", "spoken")
    return None if words is None or re.search(r"\d", words) else words


def _digit_by_digit(text: str) -> str:
    return ", ".join(" ".join(_DIGIT_WORDS[int(digit)] for digit in group) for group in text.split("-"))


def _told_by_digits(text: str) -> str:
    words = _digit_by_digit(text.replace(" ", "-"))
    return words.replace("zero", "oh") if len(text) <= 3 else words


def _clock(text: str) -> str | None:
    hour = re.match(r"(.*?\d)[ ]?([ap])\.?m\.?$", text, re.IGNORECASE)
    if hour is None:
        return _spoken(text)
    words = _spoken(hour[1])
    return words and words.removesuffix(" o'clock") + f" {hour[2].lower()}.m."


def _date(text: str) -> str | None:
    words = _spoken(text)
    return words and re.sub(MONTH, lambda month: month.group().capitalize(), words, flags=re.IGNORECASE)


def _decade(text: str) -> str | None:
    century, decade = text[:-3], text[-3:]
    spoken_decade = _spoken(decade)
    return f"{_spoken(century)} {spoken_decade}" if century else spoken_decade


def _pair(text: str) -> str | None:
    first, second = text.split("/")
    if 0 < int(first) < int(second) <= 10:
        return _spoken(text)
    return f"{_spoken(first)} {_spoken(second)}"


def _range(text: str) -> str | None:
    return " to ".join(_spoken(part) or part for part in text.split("-"))


def _money(match: re.Match[str]) -> str | None:
    amount, scale = match["money"], match["scale"] or ""
    whole, point, cents = amount.partition(".")
    if not point or scale or len(cents) != 2:
        return _spoken(amount + scale)
    words, of_cents = _spoken(whole), _spoken(str(int(cents)))
    coin = "pence" if amount[0] == "£" else "cent" if cents == "01" else "cents"
    return words and (f"{words} and {of_cents} {coin}" if int(cents) else words)


_ENGLISH_KINDS: Final[dict[str, Callable[[str], str | None]]] = {
    "told": _told_by_digits,
    "dotted": lambda text: _spoken(text.replace(".", ":")),
    "telephone": _digit_by_digit,
    "clock": _clock,
    "hour": _clock,
    "date": _date,
    "decade": _decade,
    "pair": _pair,
    "range": _range,
    "number": _spoken,
}

# Mandarin

_KEPT: Final = re.compile(
    r"""(["\\\s，。！？；：、]+|[,!?](?!\d)|[A-Za-z][\w'-]*[ -]?\d[\w-]*|\d+[A-Za-z]\w*)""", re.ASCII
)
"""What cuts a text into phrases, and what the grammar must not see: names with digits, and marks that it quotes."""
_MANDARIN_DIGITS: Final = "零一二三四五六七八九"
_MANDARIN_TOLD: Final = re.compile(
    r"(?<=密码)(?:是|为|：)?\d+|(?<=验证码)(?:是|为|：)?\d+|(?<=号码)(?:是|为|：)?\d+|(?<=电话)(?:是|为|：)?\d+"
    r"|(?<=邮编)(?:是|为|：)?\d+|(?<=尾号)(?:是|为|：)?\d+|\d{3,4}(?=房间?|号房|室)"
    r"|(?<![\d.,])(?!\d+00(?!\d))(?!1[3-9]\d{9}(?!\d))\d{5,}(?![\d.,]|[万亿元块]|[\u4e00-\u9fff]{0,2}[人个米])"
)
"""Digits that are said one by one."""
_MANDARIN_TWO: Final = (
    (re.compile(r"(?<![\d.:])2(?=点(?:\d{1,2}分|[半整钟零一三]|[0-5]\d(?!\d)|[^\d]|$))"), "两"),
    (re.compile(r"第2(?!\d)"), "第二"),
    (re.compile(r"(?<=月)2(?=[日号])"), "二"),
)
"""Where the grammar says 二 for 两, or the other way round."""
_MANDARIN_MONEY: Final = re.compile(r"[¥￥](?=\d[\d,.]*\s*(?:元|块|万|亿))")


def mandarin_in_words(text: str) -> str:
    """The text without digits, as far as they are not part of a Latin name (iPhone 15)."""
    if not re.search(r"[0-9０-９]", text):
        return text
    text = _MANDARIN_TOLD.sub(lambda told: re.sub(r"\d", _mandarin_digit, told.group()), _MANDARIN_MONEY.sub("", text))
    for pattern, said in _MANDARIN_TWO:
        text = pattern.sub(said, text)
    parts = _KEPT.split(text)
    return "".join(part if index % 2 else _mandarin(part) for index, part in enumerate(parts))


def _mandarin_digit(digit: re.Match[str]) -> str:
    return _MANDARIN_DIGITS[int(digit.group())]


def _mandarin(text: str) -> str:
    return phrase(text, "zh", "spoken") or text if re.search(r"[0-9０-９]", text) else text
