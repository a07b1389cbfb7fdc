"""Scores from the text alone whether a turn is over. Pure; English and Mandarin, neutral in other languages."""

import math
import re
from typing import Final

from kouyu.engines.turn.ending import LOG_ODDS, Ending
from kouyu.engines.turn.english_ending import english_ending
from kouyu.engines.turn.mandarin_ending import mandarin_ending
from kouyu.text.language import language_of

_ENDINGS: Final = {"en": english_ending, "zh": mandarin_ending, "yue": mandarin_ending}

_LAST_MARK: Final = re.compile(r"((?<!\.)\.{2,}+|[….。!！?？,，、;；:：\-–—])[\s\"'”’」』)）]*$")

_MARK_LOG_ODDS: Final = {
    **dict.fromkeys(".。!！?？", 0.3),
    **dict.fromkeys(",，、;；:：", -1.0),
    **dict.fromkeys("…-–—", -2.0),
}
"""A recogniser ends nearly every text with a mark, finished or not, so a full stop says little. So does a question
mark, which depends on how the text begins.
"""


def text_completeness(text: str, language: str) -> float:
    """The probability, 0 to 1, that the speaker of ``text`` has finished; 0.5 when the text says nothing.

    ``language`` is its ISO 639-1 code; with "" its script decides.
    """
    return 1.0 / (1.0 + math.exp(-(LOG_ODDS[text_ending(text, language)] + _mark_log_odds(text))))


def text_ending(text: str, language: str) -> Ending:
    """How ``text`` ends: the reason behind ``text_completeness``, before its last mark is looked at."""
    rule = _ENDINGS.get(language or language_of(text))
    return rule(text) if rule else Ending.UNKNOWN


def _mark_log_odds(text: str) -> float:
    mark = _LAST_MARK.search(text)
    if mark is None:
        return 0.0
    return _MARK_LOG_ODDS["…" if mark[1].startswith("..") else mark[1]]
