"""Passes code in an answer, between backticks or in a fence, through unchanged."""

from typing import Final

from kouyu.agents.markup.incoming import Incoming
from kouyu.agents.markup.marks import END
from kouyu.agents.markup.output import Output

_FENCE: Final = "```"


class CodeSpans:
    """Tracks code spans as the text comes."""

    def __init__(self, incoming: Incoming, output: Output) -> None:
        self._incoming = incoming
        self._output = output
        self._ends: tuple[str, ...] = ()

    @property
    def are_open(self) -> bool:
        """The text is inside code."""
        return bool(self._ends)

    def open_fence(self) -> None:
        """Continue inside a fence that has already been output."""
        self._ends = (_FENCE,)

    def open(self, *, final: bool) -> bool:
        """Let through the backticks that the text begins with. False if more may follow."""
        text = self._incoming.text
        ticks = len(text) - len(text.lstrip("`"))
        if ticks == len(text) and ticks < len(_FENCE) and not final:
            return False
        # A single backtick that is not closed on its line opens no span.
        self._ends = (_FENCE,) if ticks >= len(_FENCE) else ("`", "\n", END) if ticks == 1 else ()
        self._output.say(self._incoming.take(ticks))
        return True

    def step(self, *, final: bool) -> bool:
        """Let code through up to its end. False if more text is needed first."""
        text = self._incoming.text
        found = [(place, end) for end in self._ends if (place := text.find(end)) >= 0]
        if found:
            place, end = min(found)
            self._output.say(self._incoming.take(place + len(end)))
            self._ends = ()
            return True
        kept = 0 if final or _FENCE not in self._ends else len(text) - len(text.rstrip("`"))
        self._output.say(self._incoming.take(len(text) - kept))
        return False
