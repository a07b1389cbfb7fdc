"""Remembers which opening lines were spoken in which section, as context for the agent (decisions.md)."""

from collections import deque
from typing import Final

import msgspec

from kouyu.conversation.announcement import Announcement
from kouyu.conversation.effects import OpeningLine
from kouyu.conversation.identity import Identity

_MOST: Final = 4
"""Opening lines that are remembered: a client may request another one again and again."""


class _Spoken(msgspec.Struct, frozen=True):
    section: tuple[str, str]
    """The ids of its conversation and its section."""
    line: OpeningLine
    before: str
    """What the announcement says before the line: the notice."""
    announcement: Announcement | None
    """None if it was spoken on an earlier connection."""

    def heard(self) -> OpeningLine:
        if self.announcement is None:
            return self.line
        return msgspec.structs.replace(self.line, text=self.announcement.heard[len(self.before) :].strip())


class OpeningLines:
    """The opening lines of one connection. None is saved: a client that never says anything leaves no record."""

    def __init__(self) -> None:
        self._spoken: deque[_Spoken] = deque(maxlen=_MOST)

    def add(self, text: str, identity: Identity, announcement: Announcement, *, before: str) -> None:
        """Note that ``announcement`` speaks ``before`` and then ``text`` in this section."""
        line = OpeningLine(text, identity.new_id())
        self._spoken.append(_Spoken(_section(identity), line, before, announcement))

    def add_earlier(self, text: str, identity: Identity) -> None:
        """Note that ``text`` was spoken in this section on an earlier connection, before everything else."""
        self._spoken.append(_Spoken(_section(identity), OpeningLine(text, ""), "", None))

    def heard_in(self, identity: Identity) -> tuple[OpeningLine, ...]:
        """What was heard of them in this section so far, in their order."""
        lines = (spoken.heard() for spoken in self._spoken if spoken.section == _section(identity))
        return tuple(line for line in lines if line.text)


def _section(identity: Identity) -> tuple[str, str]:
    return identity.conversation_id, identity.section_id
