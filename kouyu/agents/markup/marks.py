"""Finding the marks of the table in text that is still coming."""

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
"""Stands behind the last character of an answer."""

CANDIDATE: Final = regex.compile("[<\\[\\]【◁✿`\ue200]")
"""What a mark begins with, wherever it stands."""

_MARKS: Final = tuple(mark for family in FAMILIES for mark in family.marks)
_ANY_MARK: Final = regex.compile("|".join(f"(?P<m{index}>{mark.pattern})" for index, mark in enumerate(_MARKS)))
_HEADER: Final = regex.compile(CHANNEL_HEADER)
_SECTION: Final = regex.compile(SECTION)
_SPECIAL: Final = regex.compile(SPECIAL_TOKEN)
_LONE_CHANNEL: Final = regex.compile(r"<\|(?:start|channel|open|close)\|>")

THOUGHT_ENDS: Final = "|".join(mark.pattern for mark in _MARKS if mark.does is Does.END_THOUGHT)
"""What may close a thought that the chat template opened."""


class Wait(Enum):
    """More text has to come before anything can be said."""

    FOR_MORE = "for more"


class Found(msgspec.Struct, frozen=True):
    """A mark of ``length`` characters; ``mark`` is None for the header of a channel."""

    length: int
    text: str
    mark: Mark | None


_VANISH: Final = Mark("", Does.VANISH)


def mark_at(text: str, start: int) -> Found | Wait | None:
    """The mark that begins at ``start``: None when there is none and never will be."""
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
    """What a mark of Kimi K3 does: its thoughts and its tools are blocks, all else is only marked."""
    if section.startswith("<|open|>think"):
        return Mark("", Does.THINK, until=r"<\|close\|>think<\|sep\|>")
    if section.startswith(("<|open|>tools", "<|open|>call")):
        return Mark("", Does.CALL, until=r"<\|close\|>tools<\|sep\|>")
    return Mark("", Does.END_THOUGHT if section.startswith("<|close|>think") else Does.VANISH)


@cache
def compiled(pattern: str) -> regex.Pattern[str]:
    """The pattern of a closing mark, which is the table's and so one of few."""
    return regex.compile(pattern)
