"""Collects the text of a tool call while it comes."""

from typing import Final

from kouyu.agents.markup.calls import MarkupCalls

LONGEST: Final = 32 * 1024
"""Most characters of one call; a longer text is not a call."""


class CallBody:
    """The text of one call so far."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0

    @property
    def text(self) -> str:
        """The text, up to the piece that made it too long for a call."""
        return "".join(self._pieces)

    @property
    def is_too_long(self) -> bool:
        """Whether the text is too long for a call."""
        return self._size > LONGEST

    def add(self, text: str) -> None:
        """Add the next characters; drops them if the text is too long already."""
        if not self.is_too_long:
            self._pieces.append(text)
            self._size += len(text)

    def give_to(self, calls: MarkupCalls, *, recipient: str = "") -> None:
        """Add the calls in the text to ``calls``; ``recipient`` is the tool if the marks name it."""
        calls.add("" if self.is_too_long else self.text, recipient=recipient)
