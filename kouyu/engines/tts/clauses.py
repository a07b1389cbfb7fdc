"""Cuts a sentence into pieces for synthesis, so that the first audio comes early."""

from collections.abc import Iterator
from typing import Final

from kouyu.text.sentence_ends import CLOSERS, ends_clause, ends_sentence, marks
from kouyu.text.sentences import word_count

GROWTH: Final = 2.0
"""Each piece may be this much longer than the one before, during whose playout it is made."""

LONGEST_TARGET: Final = 24.0
"""Words after which a piece ends at the next clause."""

SHORTEST_LAST: Final = 3.0
"""A last piece of fewer words is spoken together with the one before."""

SENTENCE_PAUSE: Final = 0.18
CLAUSE_PAUSE: Final = 0.1
"""Seconds of silence after a sentence and after a clause at normal speed."""

_BEHIND_A_STOP: Final = CLOSERS.replace("\\", "") + " \t\n"


def speech_pieces(text: str, *, first: float) -> list[str]:
    """Cut the text into pieces that end where a speaker would breathe; joined they are the text.

    The first piece ends at the first clause that gives it at least ``first`` words; the following ones are longer.
    """
    target = first
    pieces: list[str] = []
    begin = counted = 0
    words = 0.0
    for end in _breaths(text):
        words += word_count(text[counted:end])
        counted = end
        if round(words, 3) >= target:
            pieces.append(text[begin:end])
            begin, words = end, 0.0
            target = min(target * GROWTH, LONGEST_TARGET)
    rest = text[begin:]
    if pieces and word_count(rest) < SHORTEST_LAST:
        pieces[-1] += rest
    elif rest:
        pieces.append(rest)
    return pieces


def pause_after(text: str) -> float:
    """Seconds of silence after a spoken text: 0.0 if it ends in the middle of a clause."""
    last = text.rstrip(_BEHIND_A_STOP)[-1:]
    if last and last in ".!?。！？…；":
        return SENTENCE_PAUSE
    return CLAUSE_PAUSE if last and last in ",，、;:：—" else 0.0


def _breaths(text: str) -> Iterator[int]:
    for mark in marks(text):
        if ends_clause(text, mark) or ends_sentence(text, mark, enough=True, final=True):
            yield mark.end()
