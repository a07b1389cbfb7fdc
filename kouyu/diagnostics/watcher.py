"""Somebody who watches sessions: which ones, and what waits to be read."""

import asyncio
from collections import deque
from typing import Final

import msgspec

from kouyu.diagnostics.facts import Fact, FactsDropped

MOST_WAITING: Final = 2000
"""Facts that wait for a watcher. Beyond that new ones are left out, and counted."""

_encoder = msgspec.json.Encoder()


class _Told(msgspec.Struct, frozen=True):
    session: str
    fact: Fact


def told(log_id: str, fact: Fact) -> str:
    """A fact as the message that watchers get."""
    return _encoder.encode(_Told(log_id, fact)).decode()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions; an empty field leaves it open."""

    log_id: str = ""
    user_id: str = ""
    owner: str = ""
    """The id of the access token that opened the session."""

    def is_met_by(self, log_id: str, user_id: str, owner: str) -> bool:
        """Whether this session is one of them."""
        pairs = ((self.log_id, log_id), (self.user_id, user_id), (self.owner, owner))
        return all(not wanted or wanted == found for wanted, found in pairs)


class Watcher:
    """One watcher. ``put`` never waits, so that no session is slowed down."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._waiting: deque[str] = deque()
        self._left_out = 0
        self._changed = asyncio.Event()

    def put(self, message: str) -> None:
        """Take a message, unless too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            self._left_out += 1
            return
        if self._left_out:
            self._waiting.append(told("", FactsDropped(at_ms=0, count=self._left_out)))
            self._left_out = 0
        self._waiting.append(message)
        self._changed.set()

    async def get(self) -> str:
        """The next message."""
        while not self._waiting:
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()
