"""Shows the characters by which a text could control a terminal: what a user, a model or another server wrote may
contain sequences that clear the screen, set its title or fake what stands there."""

import re
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""All but tab and line feed: C0 and C1, separators of lines, overrides of the direction, halves of a character."""
_OF_LINES: Final = re.compile(r"[\t\n]")


def visible(text: str) -> str:
    """The text with each control character but tab and line feed as its escape sequence, such as ``\\x1b``."""
    return _CONTROLS.sub(_escaped, text)


def on_one_line(text: str) -> str:
    """As ``visible``, with tabs and line feeds escaped too."""
    return _OF_LINES.sub(_escaped, visible(text))


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")
