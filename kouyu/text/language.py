"""Detects a text's language by its script: enough to choose a voice, not to distinguish French from English."""

import re
from typing import Final

LANGUAGE_OF_LETTERS: Final = {
    "zh": "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "ja": "\u3041-\u3096\u30a1-\u30fa\u30fc\uff66-\uff9f",
    "ko": "\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
    "en": "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a",
    "el": "\u0370-\u03ff",
    "ru": "\u0400-\u052f",
    "he": "\u05d0-\u05ea",
    "ar": "\u0620-\u064a\u066e-\u06d3",
    "hi": "\u0900-\u0963",
    "th": "\u0e01-\u0e3a\u0e40-\u0e4e",
}
"""The letters of each distinguished language, as the inside of a regular expression's character class.

Latin letters count as English, and Han as Mandarin unless the text has kana.
"""

NAME_OF_LETTERS: Final = {
    "zh": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
    "en": "English",
    "el": "Greek",
    "ru": "Russian",
    "he": "Hebrew",
    "ar": "Arabic",
    "hi": "Hindi",
    "th": "Thai",
}
"""The English name of each, for messages."""

_WRITTEN_ALIKE: Final = {
    "zh": frozenset({"ja", "yue"}),
    "ru": frozenset({"be", "bg", "kk", "ky", "mk", "mn", "sr", "tg", "uk"}),
    "ar": frozenset({"fa", "ps", "sd", "ug", "ur"}),
    "hi": frozenset({"mr", "ne", "sa"}),
    "he": frozenset({"yi"}),
}
"""Languages written with the letters of one above."""
_OWN_LETTERS: Final = frozenset(
    {*LANGUAGE_OF_LETTERS, *(code for codes in _WRITTEN_ALIKE.values() for code in codes)} - {"en"}
) | frozenset({"am", "bn", "gu", "hy", "ka", "km", "kn", "lo", "ml", "my", "or", "pa", "si", "ta", "te"})
"""Languages not written in Latin letters for which voices exist."""

WORDLESS: Final = frozenset({"zh", "ja", "th"})
"""Languages written without spaces: each of their letters counts as about half a word."""

_RUNS: Final = re.compile("|".join(f"(?P<{code}>[{letters}]+)" for code, letters in LANGUAGE_OF_LETTERS.items()))


def language_of(text: str) -> str:
    """Return the language of most of the text, as an ISO 639-1 code; "" if it has no letters.

    Any kana make Han count as Japanese. A Latin word in a Mandarin sentence does not make it English.
    """
    weights: dict[str, float] = {}
    for run in _RUNS.finditer(text):
        code = run.lastgroup or ""
        weights[code] = weights.get(code, 0.0) + (len(run.group()) / 2 if code in WORDLESS else 1.0)
    if "ja" in weights:
        weights["ja"] += weights.pop("zh", 0.0)
    return max(weights, key=weights.__getitem__, default="")


def is_written_like(language: str, letters: str) -> bool:
    """Whether ``language`` (ISO 639-1) is written with the letters that ``language_of`` calls ``letters``: German with
    those of "en", Ukrainian with those of "ru"."""
    if letters == "en":
        return language not in _OWN_LETTERS
    return language == letters or language in _WRITTEN_ALIKE.get(letters, ())


def split_by_language(text: str) -> list[tuple[str, str]]:
    """Split a text where its language changes, into (language, part); the joined parts are the text.

    Other characters than letters go with the part before them, at the beginning with the part after. A text without
    letters is one part of language "". An empty text has no parts.
    """
    parts: list[tuple[str, str]] = []
    han_is = "ja" if has_kana(text) else "zh"
    begin = 0
    current = ""
    for run in _RUNS.finditer(text):
        code = han_is if run.lastgroup == "zh" else run.lastgroup or ""
        if current not in ("", code):
            parts.append((current, text[begin : run.start()]))
            begin = run.start()
        current = code
    if begin < len(text):
        parts.append((current, text[begin:]))
    return parts


def has_kana(text: str) -> bool:
    """Whether the text has kana, so that its Han letters are Japanese."""
    return re.search(f"[{LANGUAGE_OF_LETTERS['ja']}]", text) is not None
