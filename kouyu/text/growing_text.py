"""A text that many small pieces are appended to."""

from io import StringIO


class GrowingText:
    """A text to which appending costs time linear in the piece, not in the text."""

    def __init__(self) -> None:
        self._text = StringIO()

    def add(self, text: str) -> None:
        """Add the next characters."""
        self._text.write(text)

    def withdraw(self, characters: int) -> str:
        """Remove and return the last ``characters``."""
        text = str(self)
        kept = max(0, len(text) - characters)
        self._text = StringIO()
        self._text.write(text[:kept])
        return text[kept:]

    def __len__(self) -> int:
        return self._text.tell()

    def __str__(self) -> str:
        return self._text.getvalue()
