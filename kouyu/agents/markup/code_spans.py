"""Code in an answer, between ticks or in a fence: it goes out as it is, whatever it looks like."""

from typing import Final

from kouyu.agents.markup.incoming import Incoming
from kouyu.agents.markup.marks import END
from kouyu.agents.markup.output import Output

_FENCE: Final = "```"


class CodeSpans:
    """Follows the text through one span after the other."""

    def __init__(self, incoming: Incoming, output: Output) -> None:
        self._incoming = incoming
        self._output = output
        self._ends: tuple[str, ...] = ()

    @property
    def are_open(self) -> bool:
        """The text is inside code."""
        return bool(self._ends)

    def open_fence(self) -> None:
        """What comes next is inside a fence that has been given out already."""
        self._ends = (_FENCE,)

    def open(self, *, final: bool) -> bool:
        """The text begins with ticks: let them through. False when more may follow."""
        text = self._incoming.text
        ticks = len(text) - len(text.lstrip("`"))
        if ticks == len(text) and ticks < len(_FENCE) and not final:
            return False
        # A single tick that is not closed on its line opened nothing.
        self._ends = (_FENCE,) if ticks >= len(_FENCE) else ("`", "\n", END) if ticks == 1 else ()
        self._output.say(self._incoming.take(ticks))
        return True

    def step(self, *, final: bool) -> bool:
        """Let code through up to its end. False when more has to come first."""
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
