"""Takes thoughts and calls between marks out of the text, up to the closing mark."""

from enum import Enum
from typing import Final

import regex

from kouyu.agents.markup.call_body import CallBody
from kouyu.agents.markup.calls import MarkupCalls
from kouyu.agents.markup.incoming import Incoming
from kouyu.agents.markup.marks import END, Found, compiled, mark_at
from kouyu.agents.markup.output import Output

_CALL_IN_THOUGHT: Final = regex.compile(
    r"(?=<tool_calls?(?::[\w.-]{1,24})?>\s{0,40}(?:[\[{<\]]|[A-Za-z_][\w.-]{0,64}(?:\n|<arg_key|</tool_call)))"
    r"|(?=<\|tool_calls_section_begin\|>)"
)
"""Some models write calls into an unclosed thought: Qwen3.5, Kimi K2, Hunyuan."""


class _Kind(Enum):
    THOUGHT = "thought"
    CALL = "call"


class Blocks:
    """The block that the text is inside of, if there is one."""

    def __init__(self, incoming: Incoming, output: Output, calls: MarkupCalls) -> None:
        self._incoming = incoming
        self._output = output
        self._calls = calls
        self._kind: _Kind | None = None
        self._until = ""
        self._unclosed_is_text = False
        self._thought_goes_on_until = ""
        self._body = CallBody()
        self._recipient = ""

    @property
    def are_open(self) -> bool:
        """Whether the text is inside a block."""
        return self._kind is not None

    @property
    def may_be_text(self) -> bool:
        """Whether the text is inside a thought that counts as the answer if it is never closed."""
        return self._kind is _Kind.THOUGHT and self._unclosed_is_text

    def begin_thought(self, until: str, *, unclosed_is_text: bool = False) -> None:
        """Begin a thought that ends at the pattern ``until``; "": at the end of the answer."""
        self._kind, self._until, self._unclosed_is_text = _Kind.THOUGHT, until, unclosed_is_text

    def begin_call(self, until: str, *, recipient: str = "") -> None:
        """Begin a call that ends at the pattern ``until``; ``recipient`` is the tool if the marks name it."""
        self._kind, self._until, self._recipient = _Kind.CALL, until, recipient
        self._body = CallBody()

    def step(self) -> bool:
        """Take everything up to the closing mark. False if more text is needed first."""
        text = self._incoming.text
        closing = compiled(self._until).search(text, partial=True) if self._until else None
        if self._kind is _Kind.THOUGHT and not self._unclosed_is_text:
            call = _CALL_IN_THOUGHT.search(text, partial=True)
            if call is not None and (closing is None or call.start() <= closing.start()):
                if not call.partial:
                    self._take(call.start())
                    if self._begin_call_in_thought():
                        return True
                elif closing is None or closing.partial:
                    closing = call
        if closing is None:
            return self._take(len(self._incoming.text))
        self._take(closing.start())
        if closing.partial:
            if self._incoming.text == END:
                self._incoming.text = ""
            return False
        self._incoming.take(closing.end() - closing.start())
        self._close()
        return True

    def finish(self) -> None:
        """End the answer inside the block."""
        if self._kind is _Kind.CALL:
            self._body.give_to(self._calls, recipient=self._recipient)
        elif self.may_be_text:
            self._output.thoughts_are_text()

    def _begin_call_in_thought(self) -> bool:
        found = mark_at(self._incoming.text, 0)
        if not isinstance(found, Found):
            return False
        self._incoming.take(found.length)
        self._thought_goes_on_until = self._until
        self.begin_call(found.mark.until if found.mark else "")
        return True

    def _take(self, size: int) -> bool:
        text = self._incoming.take(size).replace(END, "")
        if self._kind is _Kind.THOUGHT:
            self._output.think(text)
        else:
            self._body.add(text)
        return False

    def _close(self) -> None:
        if self._kind is _Kind.CALL:
            self._body.give_to(self._calls, recipient=self._recipient)
        self._unclosed_is_text = False
        goes_on_until, self._thought_goes_on_until = self._thought_goes_on_until, ""
        self._kind, self._until = (_Kind.THOUGHT, goes_on_until) if goes_on_until else (None, "")
