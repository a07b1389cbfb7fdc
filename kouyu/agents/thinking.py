"""What a model thinks is not spoken."""

from typing import Final

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


class ThoughtFilter:
    """Takes ``<think>`` blocks out of streamed text; tags may be cut anywhere.

    A block that is never closed swallows the rest. White space after a block goes with it.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self._inside = inside
        self._after_block = False
        self._rest = ""
        self._thoughts = ""

    def feed(self, text: str) -> str:
        """What of the text so far may be said now."""
        self._rest += text
        said = ""
        while True:
            tag = _CLOSE if self._inside else _OPEN
            before, found, after = self._rest.partition(tag)
            if not found:
                break
            said += self._say(before)
            self._rest = after
            self._after_block = self._inside
            self._inside = not self._inside
        kept = _possible_start(self._rest, tag)
        said += self._say(self._rest[: len(self._rest) - kept])
        self._rest = self._rest[len(self._rest) - kept :]
        return said

    def finish(self) -> str:
        """What was held back because it might have become a tag."""
        rest, self._rest = self._rest, ""
        return self._say(rest)

    def thoughts(self) -> str:
        """What has been taken out since this was asked last."""
        thoughts, self._thoughts = self._thoughts, ""
        return thoughts

    def _say(self, text: str) -> str:
        if self._inside:
            self._thoughts += text
            return ""
        if self._after_block:
            text = text.lstrip()
            self._after_block = not text
        return text


def _possible_start(text: str, tag: str) -> int:
    """How many characters at the end of ``text`` may be the start of ``tag``."""
    return next((size for size in range(min(len(text), len(tag) - 1), 0, -1) if tag.startswith(text[-size:])), 0)
