"""Splits a streamed reply into sentences, so that each can be spoken as soon as it is complete.

Pure. The split does not depend on how the text is divided into deltas: each place is decided only when the characters
that decide it have come, from left to right.

The work is linear in the text: it is scanned window by window, each place once, and only when the next sentence is
requested.
"""

import re
from collections import deque
from collections.abc import Iterator
from io import StringIO
from typing import Final

from kouyu.text.language import LANGUAGE_OF_LETTERS
from kouyu.text.sentence_ends import CLOSERS, ends_clause, ends_plain_clause, ends_sentence, is_ellipsis, marks

FENCE: Final = "```"
"""A code block between two of these is one sentence, so that it is never spoken in part."""

LONGEST_CODE: Final = 65_536
"""Characters of code after which a block is returned in parts. Each begins with a fence, so that none is spoken."""

LONGEST_SENTENCE: Final = 240
"""Width after which a sentence is cut even without an end. A Latin letter has width 1, a Han letter 3."""

LONGEST_FIRST_PIECE: Final = 120
"""The same for the first piece of a reply, for which the user is waiting."""

SHORTEST_OPENING: Final = 2.0
"""Fewest words before the comma at which the first sentence may be cut: "I'm sorry," plays for longer than it takes to
generate and synthesise the rest. Not with a Han letter or kana among them: their voice is slower."""

SHORTEST_CLAUSE: Final = 4.0
"""Fewest words before the comma at which any first sentence may be cut, and again the rest of one whose opening was
shorter."""

_WINDOW: Final = 512
"""Characters by which the window grows: a sentence, and the text after it that decides its end."""

_CLAUSE_MARKS: Final = frozenset(",，、;:：—–")

_WIDE: Final = "".join(LANGUAGE_OF_LETTERS[code] for code in ("zh", "ja", "ko"))
_WIDE_LETTER: Final = re.compile(f"[{_WIDE}]")
_NARROW_WORD: Final = re.compile(rf"[^\W_{_WIDE}]+(?:['’.,:-][^\W_{_WIDE}]+)*")


class SentenceSplitter:
    """Takes the deltas of one reply, and returns its sentences.

    Sentences have no white space around them; joined they are the reply but for that white space. The first sentence
    of a reply may come in two parts: up to its first comma, with at least two words (six Han letters) before it, and
    the rest; or in three if there are fewer than four words, and four up to the next comma. A comma behind a letter
    cuts it at once; another mark, or one that may stand before a closing quote, when the next character has come.
    """

    def __init__(self) -> None:
        self._waiting: deque[str | None] = deque()
        """Text not scanned yet; None marks the end of a reply."""
        self._used = 0
        """Characters of the first waiting text that are in the window already."""
        self._code: StringIO | None = None
        """The beginning of the code block that the window is in."""
        self._shortest: float | None = SHORTEST_OPENING
        self._look_at("")

    def write(self, text: str) -> None:
        """Add the next characters of the reply, in constant time."""
        if text:
            self._waiting.append(text)

    def end(self) -> None:
        """End the reply: the rest of it is a sentence. The next ``write`` begins another reply."""
        self._waiting.append(None)

    def next(self) -> str | None:
        """Return the next sentence; None while none is complete."""
        while self._waiting:
            if (sentence := self._cut_off(final=False)) is not None:
                return sentence
            if (following := self._waiting[0]) is not None:
                self._widen(following)
            elif (sentence := self._cut_off(final=True) or self._rest()) is not None:
                return sentence
            else:
                self._waiting.popleft()
                self._shortest = SHORTEST_OPENING
        return self._cut_off(final=False)

    def __iter__(self) -> Iterator[str]:
        """Yield the sentences that are complete now."""
        while (sentence := self.next()) is not None:
            yield sentence

    # The window

    def _look_at(self, window: str) -> None:
        self._window = window
        self._measured = 0
        """So many characters of the window are known to fit into a sentence,"""
        self._width = 0
        """and are so wide."""
        self._decided = 0
        """Up to here nothing ends."""

    def _widen(self, following: str) -> None:
        piece = following[self._used : self._used + _WINDOW]
        self._used += len(piece)
        if self._used == len(following):
            self._waiting.popleft()
            self._used = 0
        if self._window:
            self._window += piece
        else:
            self._look_at(piece.lstrip() if self._code is None else piece)

    def _rest(self) -> str | None:
        """Return the whole window, after which no text follows."""
        code = self._code.getvalue() if self._code is not None else ""
        rest = (code + self._window).strip()
        self._code = None
        self._look_at("")
        return rest or None

    # Where it is cut

    def _cut_off(self, *, final: bool) -> str | None:
        """Remove and return the window's first sentence; None if its end is not known yet, or is the text's end."""
        if self._code is None and self._window.startswith(FENCE):
            self._code = _code_block()
            self._look_at(self._window[len(FENCE) :])
        if self._code is not None:
            return self._cut_off_code()
        if not self._window or (not final and FENCE.startswith(self._window)):
            return None
        cut = self._next_cut(final=final)
        if cut is None:
            return None
        sentence = self._window[:cut].rstrip()
        self._look_at(self._window[cut:].lstrip())
        self._shortest = SHORTEST_CLAUSE if self._shortest is not None and _is_opening(sentence) else None
        return sentence

    def _cut_off_code(self) -> str | None:
        """Remove and return the code block, or a part of it that is long enough."""
        code = self._code
        assert code is not None
        end = self._window.find(FENCE)
        if end >= 0:
            block = code.getvalue() + self._window[: end + len(FENCE)]
            self._code, self._shortest = None, None
            self._look_at(self._window[end + len(FENCE) :].lstrip())
            return block
        searched = max(0, len(self._window) - len(FENCE) + 1)
        code.write(self._window[:searched])
        self._look_at(self._window[searched:])
        if code.tell() < LONGEST_CODE:
            return None
        self._code = _code_block()
        return code.getvalue()

    def _next_cut(self, *, final: bool) -> int | None:
        """Return where the window's first sentence ends; None if that is not known yet, or is the end of the text."""
        text, shortest = self._window, self._shortest
        for mark in marks(text, self._decided):
            if self._is_too_long(mark.start() + 1):
                break
            may_be_cut = shortest is not None and _is_clause(text[: mark.start()], shortest)
            if may_be_cut and ends_plain_clause(text, mark):
                return mark.start() + 1
            enough = is_ellipsis(mark) and word_count(text[: mark.start()]) >= SHORTEST_CLAUSE
            ends = ends_sentence(text, mark, enough=enough, final=final)
            if ends is None:
                return None
            if ends or (may_be_cut and ends_clause(text, mark)):
                return mark.end()
            self._decided = mark.end()
        if self._is_too_long(len(text)):
            return _cut_within(text, self._measured)
        self._decided = len(text)
        return None

    def _is_too_long(self, size: int) -> bool:
        """Whether the window's first ``size`` characters are more than fit into a sentence; measures no more of them
        than do."""
        longest = LONGEST_SENTENCE if self._shortest is None else LONGEST_FIRST_PIECE
        following = self._window[self._measured : size]
        width = len(following) + 2 * len(_WIDE_LETTER.findall(following))
        if self._width + width <= longest:
            self._width += width
            self._measured = max(size, self._measured)
            return False
        while self._measured < size:
            width = 3 if _WIDE_LETTER.match(self._window[self._measured]) else 1
            if self._width + width > longest:
                return True
            self._width += width
            self._measured += 1
        return False


def _code_block() -> StringIO:
    code = StringIO()
    code.write(FENCE)
    return code


def word_count(text: str) -> float:
    """Estimate a text's number of words: a Han letter or kana counts as two thirds of a word."""
    return len(_NARROW_WORD.findall(text)) + len(_WIDE_LETTER.findall(text)) * 2 / 3


def _is_opening(sentence: str) -> bool:
    """Whether a piece is a short clause, so that the text after it may be cut too."""
    last = sentence.rstrip(CLOSERS)[-1:]
    return last in _CLAUSE_MARKS and word_count(sentence) < SHORTEST_CLAUSE


def _is_clause(text: str, shortest: float) -> bool:
    """Whether a text is long enough to be spoken alone."""
    return word_count(text) >= (SHORTEST_CLAUSE if _WIDE_LETTER.search(text) else shortest)


def _cut_within(text: str, limit: int) -> int:
    """Return the best place to cut a text longer than ``limit`` characters: a clause's end, a space, or anywhere."""
    clauses = [mark.end() for mark in marks(text[: limit + 1]) if mark.end() <= limit and ends_clause(text, mark)]
    if clauses:
        return clauses[-1]
    space = max(text.rfind(" ", 0, limit), text.rfind("\t", 0, limit))
    return space if space > 0 else limit
