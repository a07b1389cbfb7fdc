"""What a filter gives out: the text that may be shown, what waits, and the thoughts."""

from kouyu.agents.markup.marks import END
from kouyu.agents.markup.places import Before


class Output:
    """Text goes out as soon as it is said, or waits while the whole answer may still turn out to be a thought."""

    def __init__(self, before: Before, *, held: bool) -> None:
        self._before = before
        self._text: list[str] = []
        self._held: list[str] | None = [] if held else None
        self._thoughts: list[str] = []
        self._gave_text = False
        self._withdrawn = False

    @property
    def is_held(self) -> bool:
        """Whether text waits for the end of the answer."""
        return self._held is not None

    def hold(self) -> None:
        """From here on text waits."""
        self._held = []

    def release(self) -> None:
        """Text need not wait any more."""
        if self._held is not None:
            self._text += self._held
            self._held = None

    def say(self, text: str) -> None:
        """``text`` is for the user."""
        text = text.replace(END, "")
        self._before.text(text)
        (self._text if self._held is None else self._held).append(text)

    def think(self, text: str) -> None:
        """``text`` is a thought."""
        self._thoughts.append(text)

    def drop_space(self) -> None:
        """Take back the space that has waited for what follows it."""
        waiting = self._text if self._held is None else self._held
        if waiting and waiting[-1].endswith(" ") and self._before.space_may_wait:
            waiting[-1] = waiting[-1][:-1]
            self._before.without_space()

    def all_was_thought(self) -> None:
        """What has been said so far was thought; what has been given out is withdrawn."""
        self._withdrawn = self._withdrawn or self._gave_text
        self._gave_text = False
        self._thoughts += self._text if self._held is None else self._held
        self._text, self._held = [], None

    def thoughts_are_text(self) -> None:
        """What was taken for a thought has turned out to be the answer."""
        self._text += self._thoughts
        self._thoughts = []

    def take_text(self, *, all_of_it: bool) -> str:
        """What may be shown now. A space behind a word waits for what follows, except at the end."""
        text = "".join(self._text)
        waits = not all_of_it and self._held is None and text.endswith(" ") and self._before.space_may_wait
        self._text = [" "] if waits else []
        text = text[:-1] if waits else text
        self._gave_text = self._gave_text or bool(text)
        return text

    def take_thoughts(self) -> str:
        """What has been thought since this was asked last."""
        thoughts, self._thoughts = "".join(self._thoughts), []
        return thoughts

    def take_withdrawal(self) -> bool:
        """Whether all text given out before the latest has been withdrawn since this was asked last."""
        withdrawn, self._withdrawn = self._withdrawn, False
        return withdrawn
