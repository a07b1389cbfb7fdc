"""Joins pieces of text with a space where their languages use one."""

import re
from typing import Final

from kouyu.text.language import LANGUAGE_OF_LETTERS, WORDLESS

_WIDE: Final = "".join(LANGUAGE_OF_LETTERS[code] for code in sorted(WORDLESS))
_NO_SPACE_AFTER: Final = re.compile(rf"[{_WIDE}\s\u3000-\u303f\uff00-\uffef（“‘]$")
_NO_SPACE_BEFORE: Final = re.compile(rf"^[{_WIDE}\s\u3000-\u303f\uff00-\uffef]")


def separator(before: str, after: str) -> str:
    """Return the separator of two pieces: a space, or "" if either side's script uses no spaces."""
    if not before or not after or _NO_SPACE_AFTER.search(before) or _NO_SPACE_BEFORE.search(after):
        return ""
    return " "


def appended(before: str, after: str) -> str:
    """Return both, joined."""
    return before + separator(before, after) + after
