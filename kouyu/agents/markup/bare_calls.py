"""Finds tool calls without marks: an answer, or a line of it, that is only the JSON or Python of a call.

Small models write them, the bundled one included. Searched for only if tools have been offered.
"""

from collections.abc import Collection
from typing import Final

import regex

from kouyu.agents.markup.call_body import CallBody
from kouyu.agents.markup.calls import MarkupCalls
from kouyu.agents.markup.code_spans import CodeSpans
from kouyu.agents.markup.incoming import Incoming
from kouyu.agents.markup.marks import END
from kouyu.agents.markup.output import Output

_KEYS: Final = "name|function|type|id|tool_name|tool_call_id|arguments|parameters|tool_calls"
_PAIRS: Final = {"{": "}", "[": "]", "(": ")"}


def head_pattern(tools: Collection[str]) -> regex.Pattern[str]:
    """Compile the pattern of a call's beginning: ``{"name":``, doubled braces, a list of them, in a fence or after
    "functools", or ``[tool(`` of an offered tool."""
    names = "|".join(regex.escape(name) for name in tools)
    return regex.compile(
        rf"(?:Action:\s{{0,4}})?(?:functools\s?)?(?:```\w{{0,12}}\s{{0,8}})?"
        rf"(?:\[?\s{{0,40}}\{{{{0,1}}\{{\s{{0,40}}\"(?:{_KEYS})\"\s{{0,4}}:|\[?(?:{names})\((?=[\w)]))"
    )


class BareCalls:
    """The call without marks that the text is inside of, if there is one."""

    def __init__(self, incoming: Incoming, output: Output, code: CodeSpans, calls: MarkupCalls) -> None:
        self._incoming = incoming
        self._output = output
        self._code = code
        self._calls = calls
        self._head = head_pattern(calls.names) if calls.names else None
        self._scanner: BracketScanner | None = None
        self._body = CallBody()
        self._has_ended = False

    @property
    def are_possible(self) -> bool:
        """Whether tools are offered."""
        return self._head is not None

    @property
    def are_open(self) -> bool:
        """Whether the text is inside a call or after the call that ends the answer."""
        return self._scanner is not None or self._has_ended

    def begin(self, *, final: bool) -> bool | None:
        """Whether a call begins here, at the start of a line; None if more text is needed to tell."""
        head = self._head.match(self._incoming.text, partial=True) if self._head is not None else None
        if head is None:
            return False
        if head.partial:
            return None if head.end() > 0 and not final else False
        self._scanner, self._body = BracketScanner(), CallBody()
        return True

    def step(self, *, final: bool) -> bool:
        """Take the call up to its last bracket, and all that follows it. False if more text is needed first."""
        if self._scanner is None:
            return self._take(len(self._incoming.text))
        end = self._scanner.end(self._incoming.text)
        if end is None and final and self._calls.is_none(self._body.text + self._incoming.text):
            end = len(self._incoming.text)
        if end is None:
            self._take(len(self._incoming.text))
            if not self._body.is_too_long:
                return False
            self._is_text()
            return True
        self._take(end)
        if self._body.is_too_long or self._calls.is_none(self._body.text):
            self._is_text()
            return True
        text = self._calls.text_in(self._body.text)
        self._scanner, self._has_ended = None, True
        if text is not None:
            self._body = CallBody()
            self._output.say(text)
        return True

    def finish(self) -> None:
        """End the answer inside a call, or after one."""
        self._body.give_to(self._calls)

    def _is_text(self) -> None:
        body = self._body.text
        self._scanner = None
        self._output.say(body)
        if body.startswith("```"):
            self._code.open_fence()

    def _take(self, size: int) -> bool:
        self._body.add(self._incoming.take(size).replace(END, ""))
        return False


class BracketScanner:
    """Finds the closing bracket in text that comes in pieces, ignoring quoted text."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._escaped = False
        self._begun = False

    def end(self, text: str) -> int | None:
        """Return where in this next piece the outermost bracket closes; None if it does not."""
        for index, letter in enumerate(text):
            if self._take(letter):
                return index + 1
        return None

    def _take(self, letter: str) -> bool:
        if self._quote:
            if self._escaped:
                self._escaped = False
            elif letter == "\\":
                self._escaped = True
            elif letter == self._quote:
                self._quote = ""
            return False
        if letter == '"' and self._begun:
            self._quote = letter
        elif letter in _PAIRS:
            self._depth += 1
            self._begun = True
        elif letter in _PAIRS.values():
            self._depth -= 1
        return self._begun and self._depth <= 0
