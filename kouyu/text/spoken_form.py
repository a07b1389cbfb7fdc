"""How a written sentence is said: numbers, dates and units in words, nothing that is for the eye only."""

import logging
import re
from typing import Final

from kouyu.text.markdown import plain_text
from kouyu.text.transducers import GrammarLanguage, transducer

log = logging.getLogger(__name__)

_WRITTEN: Final = re.compile(r"[0-9０-９$€£¥￥%％‰℃℉°&@+=<>×÷#/^~½¼¾²³]")
"""What has to be put into words. A sentence without any is not given to the normaliser (1 to 4 ms a sentence)."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that stand for nothing, and that an engine may refuse."""

_POINT: Final = {"en": " point ", "zh": "点"}
_VERSION: Final = re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?![\d.])")
_PHONE: Final = re.compile(r"(?<![\d-])(?:\d{3}-)?\d{3}-\d{4}(?![\d-])")
_DECADE: Final = re.compile(r"(?<!\d)(1[1-9]|20)([1-9]0)['’]?s\b")
_CENTURIES: Final = {"20": "twenty"} | {
    str(number): word
    for number, word in enumerate(
        ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"), 11
    )
}
_DECADES: Final = {
    "10": "tens",
    "20": "twenties",
    "30": "thirties",
    "40": "forties",
    "50": "fifties",
    "60": "sixties",
    "70": "seventies",
    "80": "eighties",
    "90": "nineties",
}

_REWRITTEN: Final[dict[str, tuple[tuple[re.Pattern[str], str], ...]]] = {
    "en": (
        (re.compile(r"(\d)['’](\d{1,2})(?:\"|”|'')"), r"\1 feet \2"),
        (re.compile(r'["\\]'), ""),
        (re.compile(r"(?<![\d/])24/7(?![\d/])"), "twenty four seven"),
        (re.compile(r"(?<=\d)\s*/\s*(?=[a-z]{3,})"), " per "),
        (re.compile(r"\bNo\.\s*(?=\d)|#(?=\d)"), "number "),
        (re.compile(r"~\s*(?=[\d$€£])"), "about "),
        (re.compile(r"\s<\s"), " is less than "),
        (re.compile(r"\s>\s"), " is greater than "),
    ),
    "zh": (
        (re.compile(r'["\\]'), ""),
        (re.compile(r"[¥￥](\d[\d,.]*)(?=\s*(?:元|块|万|亿))"), r"\1"),
        (re.compile(r"(?<=\d)[-–~～](?=\d+(?:\.\d+)?[\u4e00-\u9fff%])"), "到"),
    ),
}
"""What the normaliser reads wrong or with a stray mark, written as it reads it right."""


def spoken_form(text: str, language: str) -> str:
    """The sentence as a voice should read it; "" when nothing in it can be pronounced.

    Numbers become words in English and Mandarin; in other languages they stay, and only marks are taken away. Blocks:
    1 to 4 ms where there are numbers, 0.3 s the first time.
    """
    text = plain_text(_CONTROL.sub(" ", text), language)
    if not any(letter.isalnum() for letter in text):
        return ""
    if language in _POINT and needs_words(text):
        text = _in_words(text, language)
    return text


def needs_words(text: str) -> bool:
    """Whether the spoken form of a text takes the normaliser, and so a few milliseconds."""
    return _WRITTEN.search(text) is not None


def _in_words(text: str, language: str) -> str:
    text = _VERSION.sub(lambda match: match.group().replace(".", _POINT[language]), text)
    for pattern, replacement in _REWRITTEN[language]:
        text = pattern.sub(replacement, text)
    if language == "zh":
        return " ".join(_read(text, "zh").split())
    text = _PHONE.sub(lambda match: ", ".join(" ".join(group) for group in match.group().split("-")), text)
    text = _DECADE.sub(lambda match: f"{_CENTURIES[match[1]]} {_DECADES[match[2]]}", text)
    return " ".join(_read(text, "en").split())


def _read(text: str, language: GrammarLanguage) -> str:
    spoken = transducer(language, "spoken")(text)
    if spoken is None:
        # The grammar does not know the text ("#1"). A voice's own front end reads digits, if less well.
        log.info("the %s text normaliser could not read a sentence of %d characters", language, len(text))
        return text
    return spoken
