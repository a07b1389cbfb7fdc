"""Decides from the text before a mark whether the mark counts there."""

from typing import Final

from kouyu.agents.markup.families import Where

_TAIL: Final = 48
_QUOTES: Final = frozenset("\"'“‘«「『(（`")
_BLOCK_STARTS: Final = frozenset("\n.!?。！？:：…")
_COUNTED: Final = frozenset(
    (
        "is",
        "are",
        "was",
        "be",
        "in",
        "of",
        "to",
        "at",
        "from",
        "than",
        "interval",
        "range",
        "list",
        "array",
        "index",
        "element",
        "item",
        "vector",
        "tuple",
        "set",
        "equals",
        "or",
        "and",
        "see",
        "with",
        "contains",
        "returns",
        "means",
        "type",
        "write",
        "says",
        "page",
        "step",
        "option",
        "line",
    )
)
"""Words after which a number in brackets is part of the sentence."""


class Before:
    """The end of the text let through so far, and the marks removed after it."""

    def __init__(self) -> None:
        self._tail = ""
        self.started = False
        """Whether anything but white space has been let through."""
        self.at_mark = False
        """Whether a mark came last."""
        self._indexed = False

    def restart(self) -> None:
        """Treat this place as the beginning of the answer."""
        self._tail, self.started = "", False

    def text(self, text: str) -> None:
        """``text`` is let through."""
        if text:
            self._tail = (self._tail + text)[-_TAIL:]
            self.started = self.started or not text.isspace()
            self.at_mark = self.at_mark and text.isspace()

    def mark(self) -> None:
        """Record that a mark was removed."""
        self.at_mark = True

    def index(self) -> None:
        """Note an index [0] in brackets: the answer is about code."""
        self._indexed = True

    def without_space(self) -> None:
        """Remove the space at the end."""
        self._tail = self._tail[:-1]

    @property
    def ends_in_space(self) -> bool:
        """Whether the text ends in white space, so that more is superfluous."""
        return not self._tail or self._tail[-1].isspace()

    @property
    def space_may_wait(self) -> bool:
        """Whether the text ends in one space after a word, which would be removed with a citation."""
        return len(self._tail) > 1 and self._tail[-1] == " " and self._tail[-2].isalnum()

    @property
    def at_line_start(self) -> bool:
        """Whether nothing of this line has been let through."""
        return not self.started or self._tail.rstrip(" \t").endswith("\n")

    @property
    def _last(self) -> str:
        return self._tail[-1:]

    def admits(self, where: Where, following: str) -> bool:
        """Whether a mark counts here; ``following`` is the character after it, NUL at the end."""
        if where is Where.ANYWHERE or (where is not Where.WORD and not self.started):
            return True
        match where:
            case Where.START:
                return False
            case Where.WORD:
                return self._behind_a_word
            case Where.BLOCK:
                if self.at_mark:
                    return True
                if self._last in _QUOTES:
                    return False
                return self._tail.rstrip(" \t")[-1:] in _BLOCK_STARTS or following.isalnum() or following == "\n"
            case _:
                if self.at_mark or following in "\n\0":
                    return True
                return self._last == "\n" or not (self._last.isspace() or self._last in _QUOTES)

    @property
    def _behind_a_word(self) -> bool:
        if self.at_mark:
            return self.started
        behind = self._tail.removesuffix(" ")
        if not behind or self._indexed or not (behind[-1].isalnum() or behind[-1] in ".,;:!?)]\"'”’。，；：！？、）》"):
            return False
        words = behind.split()
        return bool(words) and words[-1].lower() not in _COUNTED
