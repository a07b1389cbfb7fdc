"""Replaces compatibility characters: full-width and circled digits, ½, ², ㎡, №, the minus sign.

Only for reading numbers: unlike Unicode's NFKC it keeps Chinese punctuation.
"""

import re
import unicodedata
from typing import Final

_NAMED: Final = {
    "№": "No. ",
    "²": "^2",
    "³": "^3",
    "㎡": "m^2",
    "㎥": "m^3",
    "㎢": "km^2",
    "㎜": "mm",
    "Ω": "Ω",  # the ohm sign becomes the Greek letter
    "µ": "μ",
    "℃": "°C",
    "℉": "°F",
    "￥": "¥",
    "￡": "£",
    "￠": "¢",
    "−": "-",
    "﹣": "-",
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "✕": "×",
    "⨯": "×",
    "∕": "/",
    "≦": "≤",
    "≧": "≥",
}
_FOLDED: Final = re.compile("[Ａ-Ｚａ-ｚ％＋－＝～／＄＆＃＠＜＞＊＾⁰-₟①-⑳Ⅰ-ⅿ㎀-㏟" + "".join(_NAMED) + "]")
_FIGURES: Final = re.compile("[０-９]+")
_VULGAR: Final = re.compile(r"(?:(\d) ?)?([¼-¾⅐-⅞])")
_BESIDE_DIGITS: Final = (
    (re.compile(r"(?<=\d)：(?=\d)"), ":"),
    (re.compile(r"(?<=\d)．(?=\d)"), "."),
    (re.compile(r"(?<=[²³㎡㎥㎢])(?=\d)"), " "),
    (re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))"), ","),
)


def without_compatibility_characters(text: str) -> str:
    """Replace these characters; 1½ becomes "1 1/2"."""
    text = _FIGURES.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    for pattern, replacement in _BESIDE_DIGITS:
        text = pattern.sub(replacement, text)
    return _FOLDED.sub(_folded, _VULGAR.sub(_fraction, text))


def _folded(match: re.Match[str]) -> str:
    return _NAMED.get(match.group()) or unicodedata.normalize("NFKC", match.group())


def _fraction(match: re.Match[str]) -> str:
    written = unicodedata.normalize("NFKC", match[2]).replace("\u2044", "/")
    return f"{match[1]} {written}" if match[1] else written
