"""Putting pieces of text one after the other as their language writes them."""

import re
from typing import Final

from kouyu.text.language import LANGUAGE_OF_LETTERS, WORDLESS

_WIDE: Final = "".join(LANGUAGE_OF_LETTERS[code] for code in sorted(WORDLESS))
_NO_SPACE_AFTER: Final = re.compile(rf"[{_WIDE}\s\u3000-\u303f\uff00-\uffef（“‘]$")
_NO_SPACE_BEFORE: Final = re.compile(rf"^[{_WIDE}\s\u3000-\u303f\uff00-\uffef]")


def separator(before: str, after: str) -> str:
    """What belongs between two pieces of text: a space, or nothing where either side is written without."""
    if not before or not after or _NO_SPACE_AFTER.search(before) or _NO_SPACE_BEFORE.search(after):
        return ""
    return " "


def appended(before: str, after: str) -> str:
    """Both, one after the other."""
    return before + separator(before, after) + after
