"""Finds tool calls without marks: an answer, or a line of it, that is only the JSON or Python of a call.

Small models write them, the bundled one included. Searched for only if tools have been offered.
"""

from collections.abc import Collection
from typing import Final

import regex

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
