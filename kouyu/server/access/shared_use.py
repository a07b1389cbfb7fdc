"""Shares with the other servers on a database what clients use of their limits, and which addresses fail to log in.

Once a second each server tells, by one notice, what it has counted since; without anything to tell it tells nothing,
and no request is written down. So a limit counts over all servers, and can be exceeded by what others admit in the
second before they tell. Many servers tell less often, since every one of them hears every notice, and PostgreSQL
commits notices one after the other. Counts that get lost with a connection to the database are forgiven.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Final

import msgspec

from kouyu.server.access.failure_backoff import FailureBackoff
from kouyu.server.access.limits import TokenLimiter
from kouyu.serving.background import in_background
from kouyu.store.errors import StoreError
from kouyu.store.notices import Notice, UseCounted
from kouyu.store.store import Store

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
"""How often a server tells what it has counted, if anything."""
MOST_NOTICES_S: Final = 50.0
"""Notices a second of all servers together, beyond which each of them tells less often: PostgreSQL does some hundred
transactions with a notice a second, one after the other (docs/performance.md, "Several machines")."""
REPEATED_S: Final = 5.0
"""How often a server repeats which conversations run, and how long it waits at most until it tells."""
KEPT_S: Final = 15.0
"""Conversations of a server that has not repeated them for so long run no more."""
MOST_TOLD: Final = 60
"""Tokens or addresses of each kind in one notice, whose text may have 8,000 bytes; others wait for the next second."""


def pause_s(servers: int) -> float:
    """How long each of so many servers that count something waits until it tells of it."""
    return min(REPEATED_S, max(EVERY_S, servers / MOST_NOTICES_S))


class _Running(msgspec.Struct, frozen=True):
    """The conversations that run on another server, by the token's id, and when it told of them."""

    conversations: dict[str, int]
    told_at: float


class SharedUse:
    """Tells what is counted here, and counts what others tell."""

    def __init__(
        self,
        store: Store,
        limiter: TokenLimiter,
        failures: FailureBackoff,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._limiter = limiter
        self._failures = failures
        self._clock = clock
        self._running: dict[str, _Running] = {}
        """By the run of the server."""
        self._told: dict[str, int] = {}
        self._told_at = clock()
        limiter.conversations_elsewhere = self._elsewhere
        limiter.admitted, failures.failures = self._admitted, self._failed = Counter[str](), Counter[str]()
        store.notices.subscribe(self.take)

    @classmethod
    @asynccontextmanager
    async def of(cls, store: Store, limiter: TokenLimiter) -> AsyncIterator[FailureBackoff]:
        """Share what this limiter and the returned one count while the block runs, if there may be other servers."""
        failures = FailureBackoff()
        if not store.notices.has_others:
            yield failures
            return
        async with in_background(cls(store, limiter, failures).keep(), "shared use"):
            yield failures

    async def keep(self) -> None:
        """Tell again and again, until cancelled."""
        while True:
            await asyncio.sleep(pause_s(1 + len(self._running)))
            try:
                await self.tell()
            except StoreError as fault:
                log.warning("other servers were not told what clients use of their limits: %s", fault)

    async def tell(self) -> None:
        """Tell the others what was counted since the last call, if anything. Raises StoreError."""
        assert self._store.lease is not None
        running = dict(islice(self._limiter.conversations().items(), MOST_TOLD))
        is_due = running != self._told or (running and self._clock() - self._told_at >= REPEATED_S)
        if not (is_due or self._admitted or self._failed):
            return
        self._told, self._told_at = running, self._clock()
        await self._store.tell(
            UseCounted(
                server=self._store.lease.run,
                requests=_taken(self._admitted),
                conversations=running,
                failures=_taken(self._failed),
            )
        )

    def take(self, notice: Notice) -> None:
        """Count what another server tells."""
        if not isinstance(notice, UseCounted):
            return
        now = self._clock()
        self._running[notice.server] = _Running(notice.conversations, now)
        self._running = {run: told for run, told in self._running.items() if now - told.told_at < KEPT_S}
        for token_id, count in notice.requests.items():
            self._limiter.add_requests(token_id, count)
        for address, count in notice.failures.items():
            self._failures.add(address, count)

    def _elsewhere(self, token_id: str) -> int:
        now = self._clock()
        live = (told.conversations for told in self._running.values() if now - told.told_at < KEPT_S)
        return sum(conversations.get(token_id, 0) for conversations in live)


def _taken(counts: Counter[str]) -> dict[str, int]:
    """Take out the largest counts."""
    taken = dict(counts.most_common(MOST_TOLD))
    for key in taken:
        del counts[key]
    return taken
