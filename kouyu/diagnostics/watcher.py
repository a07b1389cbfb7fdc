"""A watcher of sessions: which sessions it sees, and its queue of facts."""

import asyncio
from collections import deque
from typing import Final

import msgspec

from kouyu.diagnostics.facts.fact import Fact
from kouyu.diagnostics.facts.session import FactsDropped

MOST_WAITING: Final = 2000
"""Facts queued for a watcher. Beyond that new ones are dropped and counted."""

_encoder = msgspec.json.Encoder()


class _Told(msgspec.Struct, frozen=True):
    session: str
    fact: Fact


def told(log_id: str, fact: Fact) -> str:
    """A fact as the JSON message sent to watchers."""
    return _encoder.encode(_Told(log_id, fact)).decode()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions of an owner to watch; an empty field other than the owner matches all."""

    owner: str = ""
    log_id: str = ""
    user_id: str = ""
    token_id: str = ""
    """The access token that opened the session."""
    events: bool = False
    """Whether to get each message of the connection as a fact, too."""

    def is_met_by(self, owner: str, log_id: str, user_id: str, token_id: str) -> bool:
        """Whether a session with these values matches."""
        pairs = ((self.log_id, log_id), (self.user_id, user_id), (self.token_id, token_id))
        # The owner's watchers see the sessions of its apps' sessions too (``shop/ada``).
        is_mine = owner == self.owner or owner.startswith(f"{self.owner}/")
        return is_mine and all(not wanted or wanted == found for wanted, found in pairs)


class Watcher:
    """One watcher and its queue. ``put`` never waits, so that no session is slowed down."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._waiting: deque[str] = deque()
        self._left_out = 0
        self._changed = asyncio.Event()

    def put(self, message: str) -> None:
        """Queue a message, or drop it if too many wait."""
        if len(self._waiting) >= MOST_WAITING:
            self._left_out += 1
            return
        if self._left_out:
            self._waiting.append(told("", FactsDropped(at_ms=0, count=self._left_out)))
            self._left_out = 0
        self._waiting.append(message)
        self._changed.set()

    async def get(self) -> str:
        """Wait for the next message."""
        while not self._waiting:
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()
