"""Punctuation of transcripts (``enable_punc``; uplink.md, data.asr_config): complete, or none."""

import re
from typing import Final

from kouyu.text.language import LANGUAGE_OF_LETTERS, language_of
from kouyu.text.questions import is_english_question, is_mandarin_question
from kouyu.text.sentence_ends import CLOSERS

_HAN: Final = f"[{LANGUAGE_OF_LETTERS['zh']}]"
_FULL_WIDTH: Final = str.maketrans(",.?!:;()", "，。？！：；（）")
_AFTER_HAN: Final = re.compile(rf"(?<={_HAN})\s*([,?!:;](?!\d)|\.(?![A-Za-z0-9.]))\s*")
_ENDED: Final = re.compile(rf"[.。．｡!！?？…][{re.escape(CLOSERS)}]*$")
_UNENDED: Final = re.compile(r"(?<![\s,，、;；:：—–-])[\s,，、;；:：—–-]++$")
_SENTENCES: Final = re.compile(r"(?<=[.!?。！？])\s*(?=\S)")


def punctuated(text: str, language: str, *, final: bool) -> str:
    """``enable_punc`` on: keep the recogniser's punctuation, in full width after Han letters.

    A ``final`` transcript in English or Mandarin without a terminal mark gets a full stop, or a question mark if its
    words form a question. ``language`` is an ISO 639-1 code, "" when not known.
    """
    language = language or language_of(text)
    if language in ("zh", "yue"):
        text = _AFTER_HAN.sub(lambda mark: mark[1].translate(_FULL_WIDTH), text)
    if not final or language not in ("en", "zh", "yue") or _ENDED.search(text):
        return text
    text = _UNENDED.sub("", text)
    if not any(letter.isalnum() for letter in text):
        return text
    return text + _terminal_mark(text, language)


def _terminal_mark(text: str, language: str) -> str:
    last = _SENTENCES.split(text)[-1]
    # The last word decides which marks fit: a Mandarin speaker may have spoken an English sentence.
    if language == "en" or not re.search(_HAN, last):
        return "?" if is_english_question(last) else "."
    return "？" if is_mandarin_question(last) else "。"


_LATIN: Final = f"[0-9{LANGUAGE_OF_LETTERS['en']}]"
_KEPT: Final = re.compile(
    rf"""
    (?:[A-Za-z]\.){{2,}}                  # p.m., U.S.
  | (?<={_LATIN})['’](?={_LATIN})       # don't
  | (?<=[^\W_])[-‐&@_](?=[^\W_])        # well-known
  | (?<={_LATIN})\.(?={_LATIN})         # 3.14, example.com
  | (?<=\d)[,:/](?=\d)                  # 1,000, 2:30, 1/2
  | (?<!\w)[-−](?=[\d$€£¥])             # -5
  | (?<!\w)\.(?=\d)                     # .5
  | [$€£¥￥%％‰°℃℉+=×÷&@\#*<>]
    """,
    re.VERBOSE,
)
_MARK: Final = re.compile(rf"(?P<kept>{_KEPT.pattern})|[^\w\s]|_", re.VERBOSE)
_WIDE_OR_EDGE: Final = rf"(?:{_HAN}|[{LANGUAGE_OF_LETTERS['ja']}]|^|$)"
_SPACE_AT_HAN: Final = re.compile(rf"(?<={_HAN})\x00+|(?<!\x00)\x00+(?={_HAN})")


def unpunctuated(text: str) -> str:
    """``enable_punc`` off: remove punctuation, except within a word, number or amount (don't, 3.14, 25%).

    A mark between Latin words is replaced with a space, one between Han letters with nothing.
    """
    if text.isalnum():
        return text
    # U+0000 stands for a removed mark, to distinguish it from original spaces.
    bare = _MARK.sub(lambda mark: mark["kept"] or "\x00", text.replace("\x00", ""))
    bare = _SPACE_AT_HAN.sub("", bare)
    return " ".join(bare.replace("\x00", " ").split())
