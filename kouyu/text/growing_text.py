"""A text that grows by many small pieces."""

from io import StringIO


class GrowingText:
    """Adding a piece costs what the piece is long, not what the text is."""

    def __init__(self) -> None:
        self._text = StringIO()

    def add(self, text: str) -> None:
        """Add the next characters."""
        self._text.write(text)

    def withdraw(self, characters: int) -> str:
        """Take the last characters away again; gives them."""
        text = str(self)
        kept = max(0, len(text) - characters)
        self._text = StringIO()
        self._text.write(text[:kept])
        return text[kept:]

    def __len__(self) -> int:
        return self._text.tell()

    def __str__(self) -> str:
        return self._text.getvalue()
