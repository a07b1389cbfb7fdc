"""Computes which part of an interrupted answer was heard, from its sentences, their lengths and the playout time."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from kouyu.conversation.spoken_item import SpokenSentence

_WHITE_SPACE: Final = re.compile(r"\s*")
_ROUNDING_MS: Final = 1.0
"""Tolerance for rounding in sums of packet lengths: a sentence missing less than this counts as heard to its end."""
_MS_PER_CHARACTER: Final = 65.0
_MS_PER_WIDE_CHARACTER: Final = 220.0
"""Typical spoken lengths of a Latin letter and of a Han character, for sentences whose audio is incomplete."""


def heard_text(answer: str, sentences: Sequence[SpokenSentence], heard_ms: float) -> str:
    """The beginning of ``answer`` that was heard after ``heard_ms`` ms of its audio, cut at a whole word.

    Sentences are located in the answer, so that its spacing is kept; one that is not found verbatim counts by its
    length.
    """
    offset = 0
    last_started = max((index for index, sentence in enumerate(sentences) if sentence.started), default=-1)
    for index, sentence in enumerate(sentences):
        start = _behind_white_space(answer, offset)
        if not answer.startswith(sentence.text, start):
            start = offset
        sent_whole = index < last_started or (sentence.complete and sentence.sent_ms >= sentence.made_ms - _ROUNDING_MS)
        if heard_ms < sentence.sent_ms - _ROUNDING_MS or not sent_whole:
            end = _whole_words(answer, start, start + _heard_characters(sentence, heard_ms))
            return answer[:end] if end > start else answer[:offset]
        heard_ms -= sentence.sent_ms
        offset = min(start + len(sentence.text), len(answer))
    return answer[:offset] if answer[offset:].strip() else answer


def _behind_white_space(text: str, offset: int) -> int:
    return _WHITE_SPACE.match(text, offset).end()  # type: ignore[union-attr]  # it matches anywhere


def _length_ms(sentence: SpokenSentence) -> float:
    """The length of the whole sentence's audio in ms; estimated if the audio is incomplete."""
    if sentence.complete:
        return sentence.made_ms
    return max(sentence.made_ms, _expected_ms(sentence.text))


def _expected_ms(text: str) -> float:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return wide * _MS_PER_WIDE_CHARACTER + (len(text) - wide) * _MS_PER_CHARACTER


def _heard_characters(sentence: SpokenSentence, heard_ms: float) -> int:
    """How many characters of the sentence were heard."""
    return min(len(sentence.text), int(len(sentence.text) * heard_ms / max(_length_ms(sentence), 1.0)))


def _whole_words(text: str, start: int, end: int) -> int:
    """Move ``end`` back to a word boundary, but not before ``start``."""
    end = min(end, len(text))
    while start < end < len(text) and _inside_word(text, end):
        end -= 1
    return end


def _inside_word(text: str, index: int) -> bool:
    """Whether a cut before ``index`` would split a word written with letters."""
    before, after = text[index - 1], text[index]
    return _is_narrow_letter(before) and _is_narrow_letter(after)


def _is_narrow_letter(character: str) -> bool:
    return (character.isalnum() or character in "'’-") and unicodedata.east_asian_width(character) not in "WF"
