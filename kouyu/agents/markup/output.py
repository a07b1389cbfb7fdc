"""A filter's output: the text that may be shown, the text held back, and the thoughts."""

from kouyu.agents.markup.marks import END
from kouyu.agents.markup.places import Before


class Output:
    """Returns text at once, or holds it while the whole answer may still turn out to be a thought."""

    def __init__(self, before: Before, *, held: bool) -> None:
        self._before = before
        self._text: list[str] = []
        self._held: list[str] | None = [] if held else None
        self._thoughts: list[str] = []
        self._gave_text = False
        self._withdrawn = False

    @property
    def is_held(self) -> bool:
        """Whether text is held until the end of the answer."""
        return self._held is not None

    def hold(self) -> None:
        """From here on text waits."""
        self._held = []

    def release(self) -> None:
        """Stop holding text."""
        if self._held is not None:
            self._text += self._held
            self._held = None

    def say(self, text: str) -> None:
        """Add ``text`` for the user."""
        text = text.replace(END, "")
        self._before.text(text)
        (self._text if self._held is None else self._held).append(text)

    def think(self, text: str) -> None:
        """``text`` is a thought."""
        self._thoughts.append(text)

    def drop_space(self) -> None:
        """Remove the trailing space that was held back."""
        waiting = self._text if self._held is None else self._held
        if waiting and waiting[-1].endswith(" ") and self._before.space_may_wait:
            waiting[-1] = waiting[-1][:-1]
            self._before.without_space()

    def all_was_thought(self) -> None:
        """Turn all text so far into a thought; text already returned is withdrawn."""
        self._withdrawn = self._withdrawn or self._gave_text
        self._gave_text = False
        self._thoughts += self._text if self._held is None else self._held
        self._text, self._held = [], None

    def thoughts_are_text(self) -> None:
        """Turn the thoughts into the answer's text."""
        self._text += self._thoughts
        self._thoughts = []

    def take_text(self, *, all_of_it: bool) -> str:
        """Return the text that may be shown now. A space after a word is held for the next text, except at the end."""
        text = "".join(self._text)
        waits = not all_of_it and self._held is None and text.endswith(" ") and self._before.space_may_wait
        self._text = [" "] if waits else []
        text = text[:-1] if waits else text
        self._gave_text = self._gave_text or bool(text)
        return text

    def take_thoughts(self) -> str:
        """Return the thoughts since the last call."""
        thoughts, self._thoughts = "".join(self._thoughts), []
        return thoughts

    def take_withdrawal(self) -> bool:
        """Whether all text returned before the latest has been withdrawn since the last call."""
        withdrawn, self._withdrawn = self._withdrawn, False
        return withdrawn
