"""Cuts a reply into sentences while it streams in, so that each can be spoken as soon as it is whole.

Pure. How the text was chopped into deltas never changes where it is cut: a place is decided only when the characters
that decide it are there, and places are decided from left to right.
"""

import re
from typing import Final

from kouyu.text.language import LANGUAGE_OF_LETTERS
from kouyu.text.sentence_ends import CLOSERS, ends_clause, ends_sentence, marks

FENCE: Final = "```"
"""A block of code between two of these is one sentence: nobody wants to hear the half of it."""

LONGEST_SENTENCE: Final = 240
"""Width after which a sentence is cut even where nothing ends. A Latin letter is 1 wide, a Han letter 3."""

LONGEST_FIRST_PIECE: Final = 120
"""The same for the first piece of a reply, which somebody is waiting for."""

SHORTEST_OPENING: Final = 2.0
"""Words before the comma at which the first sentence may be cut: "I'm sorry," takes longer to say than it takes to
write and speak what follows. Not where a Han letter or kana is among them: their voice is slower."""

SHORTEST_CLAUSE: Final = 4.0
"""Words before the comma at which any first sentence may be cut, and once more the rest of one whose opening was
shorter."""

_CLAUSE_MARKS: Final = frozenset(",，、;:：—–")

_WIDE: Final = "".join(LANGUAGE_OF_LETTERS[code] for code in ("zh", "ja", "ko"))
_WIDE_LETTER: Final = re.compile(f"[{_WIDE}]")
_NARROW_WORD: Final = re.compile(rf"[^\W_{_WIDE}]+(?:['’.,:-][^\W_{_WIDE}]+)*")


class SentenceSplitter:
    """Takes the deltas of one reply, gives its sentences.

    Sentences come without white space around them; joined they are the reply but for that white space. The first
    sentence of a reply may come in two: up to its first comma, when there are at least two words (six Han letters)
    before it, and the rest; or in three where there are fewer than four, and four up to a comma behind them.
    """

    def __init__(self) -> None:
        self._buffer = ""
        self._shortest: float | None = SHORTEST_OPENING

    def feed(self, delta: str) -> list[str]:
        """Add the next characters; gives the sentences that are whole now."""
        self._buffer += delta
        return self._take(final=False)

    def flush(self) -> list[str]:
        """The reply is complete: gives what is left. The splitter is then ready for another reply."""
        sentences = self._take(final=True)
        if rest := self._buffer.strip():
            sentences.append(rest)
        self._buffer = ""
        self._shortest = SHORTEST_OPENING
        return sentences

    def _take(self, *, final: bool) -> list[str]:
        sentences: list[str] = []
        self._buffer = self._buffer.lstrip()
        while (cut := _next_cut(self._buffer, shortest=self._shortest, final=final)) is not None:
            sentence = self._buffer[:cut].rstrip()
            sentences.append(sentence)
            self._buffer = self._buffer[cut:].lstrip()
            self._shortest = SHORTEST_CLAUSE if self._shortest is not None and _is_opening(sentence) else None
        return sentences


def word_count(text: str) -> float:
    """About how many words it takes to say a text: a Han letter or kana counts as two thirds of a word."""
    return len(_NARROW_WORD.findall(text)) + len(_WIDE_LETTER.findall(text)) * 2 / 3


def _is_opening(sentence: str) -> bool:
    """Whether a piece is a short clause, so that what follows may be cut too."""
    last = sentence.rstrip(CLOSERS)[-1:]
    return last in _CLAUSE_MARKS and word_count(sentence) < SHORTEST_CLAUSE


def _next_cut(text: str, *, shortest: float | None, final: bool) -> int | None:
    """Where the first sentence of a text ends; None when that is not known yet, or is its end.

    ``shortest``: words before the comma at which it may be cut; None for no comma.
    """
    if text.startswith(FENCE) or (not final and FENCE.startswith(text)):
        return _end_of_fence(text)
    limit = _position_of_width(text, LONGEST_SENTENCE if shortest is None else LONGEST_FIRST_PIECE)
    for mark in marks(text):
        if limit is not None and mark.start() >= limit:
            break
        before = text[: mark.start()]
        enough = word_count(before) >= SHORTEST_CLAUSE
        ends = ends_sentence(text, mark, enough=enough, final=final)
        if ends is None:
            return None
        if ends or (shortest is not None and _is_clause(before, shortest) and ends_clause(text, mark)):
            return mark.end()
    return None if limit is None else _cut_within(text, limit)


def _is_clause(text: str, shortest: float) -> bool:
    """Whether a text is long enough to be spoken alone."""
    return word_count(text) >= (SHORTEST_CLAUSE if _WIDE_LETTER.search(text) else shortest)


def _end_of_fence(text: str) -> int | None:
    end = text.find(FENCE, len(FENCE))
    return None if end < 0 else end + len(FENCE)


def _position_of_width(text: str, width: int) -> int | None:
    """How many characters fit into a width; None when all do."""
    if len(text) * 3 <= width:
        return None
    used = 0
    for position, letter in enumerate(text):
        used += 3 if _WIDE_LETTER.match(letter) else 1
        if used > width:
            return position
    return None


def _cut_within(text: str, limit: int) -> int:
    """The best place to cut a text that is longer than ``limit`` characters: a clause's end, a space, or anywhere."""
    clauses = [mark.end() for mark in marks(text[: limit + 1]) if mark.end() <= limit and ends_clause(text, mark)]
    if clauses:
        return clauses[-1]
    space = max(text.rfind(" ", 0, limit), text.rfind("\t", 0, limit))
    return space if space > 0 else limit
