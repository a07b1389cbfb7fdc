"""Cuts a reply into sentences while it streams in, so that each can be spoken as soon as it is whole.

Pure. How the text was chopped into deltas never changes where it is cut: a place is decided only when the characters
that decide it are there, and places are decided from left to right.
"""

import re
from typing import Final

from kouyu.text.language import LANGUAGE_OF_LETTERS
from kouyu.text.sentence_ends import ends_clause, ends_sentence, marks

FENCE: Final = "```"
"""A block of code between two of these is one sentence: nobody wants to hear the half of it."""

LONGEST_SENTENCE: Final = 240
"""Width after which a sentence is cut even where nothing ends. A Latin letter is 1 wide, a Han letter 3."""

LONGEST_FIRST_PIECE: Final = 120
"""The same for the first piece of a reply, which somebody is waiting for."""

SHORTEST_FIRST_CLAUSE: Final = 4.0
"""Words before the comma at which the first sentence may be cut."""

_WIDE: Final = "".join(LANGUAGE_OF_LETTERS[code] for code in ("zh", "ja", "ko"))
_WIDE_LETTER: Final = re.compile(f"[{_WIDE}]")
_NARROW_WORD: Final = re.compile(rf"[^\W_{_WIDE}]+(?:['’.,:-][^\W_{_WIDE}]+)*")


class SentenceSplitter:
    """Takes the deltas of one reply, gives its sentences.

    Sentences come without white space around them; joined they are the reply but for that white space. The first
    sentence of a reply may come in two: up to its first comma, when there are at least four words (six Han letters)
    before it, and the rest.
    """

    def __init__(self) -> None:
        self._buffer = ""
        self._first = True

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
        self._first = True
        return sentences

    def _take(self, *, final: bool) -> list[str]:
        sentences: list[str] = []
        self._buffer = self._buffer.lstrip()
        while (cut := _next_cut(self._buffer, first=self._first, final=final)) is not None:
            sentences.append(self._buffer[:cut].rstrip())
            self._buffer = self._buffer[cut:].lstrip()
            self._first = False
        return sentences


def word_count(text: str) -> float:
    """About how many words it takes to say a text: a Han letter or kana counts as two thirds of a word."""
    return len(_NARROW_WORD.findall(text)) + len(_WIDE_LETTER.findall(text)) * 2 / 3


def _next_cut(text: str, *, first: bool, final: bool) -> int | None:
    """Where the first sentence of a text ends; None when that is not known yet, or is its end."""
    if text.startswith(FENCE) or (not final and FENCE.startswith(text)):
        return _end_of_fence(text)
    limit = _position_of_width(text, LONGEST_FIRST_PIECE if first else LONGEST_SENTENCE)
    for mark in marks(text):
        if limit is not None and mark.start() >= limit:
            break
        enough = word_count(text[: mark.start()]) >= SHORTEST_FIRST_CLAUSE
        ends = ends_sentence(text, mark, enough=enough, final=final)
        if ends is None:
            return None
        if ends or (first and enough and ends_clause(text, mark)):
            return mark.end()
    return None if limit is None else _cut_within(text, limit)


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
