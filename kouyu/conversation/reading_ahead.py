"""Decides which interim transcripts the agent's model prefills, before the question is complete."""

from itertools import takewhile
from typing import Final

from kouyu.text.sentences import word_count

NEW_WORDS: Final = 8.0
"""Words that a transcript must have beyond what was prefilled, while the user speaks. Each prefill costs the model as
much as reading about eight words on top of what is new, and words that the recogniser changes later are read again."""


class ReadingAhead:
    """Remembers how much of the question of the utterance in progress has been prefilled."""

    def __init__(self) -> None:
        self._read = ""

    def while_speaking(self, text: str) -> bool:
        """Whether to prefill the interim transcript ``text``; it then counts as read."""
        return self._take(text, NEW_WORDS)

    def at_pause(self, text: str) -> bool:
        """Likewise for the last transcript before a pause, in which the user may have finished: any new word counts."""
        return self._take(text, 0.0)

    def reset(self) -> None:
        """Start again: another utterance begins."""
        self._read = ""

    def _take(self, text: str, beyond: float) -> bool:
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, self._read, strict=False)))
        if word_count(text[same:]) <= beyond:
            return False
        self._read = text
        return True
