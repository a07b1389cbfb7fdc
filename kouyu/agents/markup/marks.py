"""Finds the marks of the table in text that is still coming."""

from enum import Enum
from functools import cache
from typing import Final

import msgspec
import regex

from kouyu.agents.markup.families import (
    CHANNEL_HEADER,
    FAMILIES,
    SECTION,
    SPECIAL_TOKEN,
    Does,
    Mark,
)

END: Final = "\0"
"""Follows the last character of an answer."""

CANDIDATE: Final = regex.compile("[<\\[\\]【◁✿`\ue200]")
"""First characters of marks that may stand anywhere."""

_MARKS: Final = tuple(mark for family in FAMILIES for mark in family.marks)
_ANY_MARK: Final = regex.compile("|".join(f"(?P<m{index}>{mark.pattern})" for index, mark in enumerate(_MARKS)))
_HEADER: Final = regex.compile(CHANNEL_HEADER)
_SECTION: Final = regex.compile(SECTION)
_SPECIAL: Final = regex.compile(SPECIAL_TOKEN)
_LONE_CHANNEL: Final = regex.compile(r"<\|(?:start|channel|open|close)\|>")

THOUGHT_ENDS: Final = "|".join(mark.pattern for mark in _MARKS if mark.does is Does.END_THOUGHT)
"""Marks that may close a thought that the chat template opened."""


class Wait(Enum):
    """More text is needed to decide."""

    FOR_MORE = "for more"


class Found(msgspec.Struct, frozen=True):
    """A mark of ``length`` characters; ``mark`` is None for the header of a channel."""

    length: int
    text: str
    mark: Mark | None


_VANISH: Final = Mark("", Does.VANISH)


def mark_at(text: str, start: int) -> Found | Wait | None:
    """Return the mark that begins at ``start``; None if there is none, whatever follows."""
    for pattern in (_HEADER, _SECTION):
        if (match := pattern.match(text, start, partial=True)) is not None:
            if match.partial:
                return Wait.FOR_MORE
            found = match.group()
            return Found(len(found), found, None if pattern is _HEADER else section_mark(found))
    if (match := _ANY_MARK.match(text, start)) is not None:
        return Found(len(match.group()), match.group(), _MARKS[int(match.lastgroup[1:])])
    if _ANY_MARK.match(text, start, partial=True) is not None:
        return Wait.FOR_MORE
    for pattern in (_SPECIAL, _LONE_CHANNEL):
        if (match := pattern.match(text, start, partial=True)) is not None:
            return Wait.FOR_MORE if match.partial else Found(len(match.group()), match.group(), _VANISH)
    return None


def section_mark(section: str) -> Mark:
    """Return the effect of a Kimi K3 mark: thoughts and tools are blocks, for all else only the mark is removed."""
    if section.startswith("<|open|>think"):
        return Mark("", Does.THINK, until=r"<\|close\|>think<\|sep\|>")
    if section.startswith(("<|open|>tools", "<|open|>call")):
        return Mark("", Does.CALL, until=r"<\|close\|>tools<\|sep\|>")
    return Mark("", Does.END_THOUGHT if section.startswith("<|close|>think") else Does.VANISH)


@cache
def compiled(pattern: str) -> regex.Pattern[str]:
    """Compile, and cache, the pattern of a closing mark from the table, which has few."""
    return regex.compile(pattern)
