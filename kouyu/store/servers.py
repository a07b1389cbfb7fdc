"""The servers that share a database. Each holds a lease on a number, which is part of the ids that it makes.

So the number in a chat's id says which server runs it, and an open chat whose server has no lease has been abandoned.
On SQLite there is one server, whose lock of the data folder keeps others out. If it runs in several processes, each has
a number of its own: the first one forgets those of an earlier run, and frees the number of a process that has ended.

On PostgreSQL a server that dies (kill -9) loses its lease at once. It has died for certain if two things are so. Its
session has ended: the connection by which it hears from the others holds a lock, which PostgreSQL frees as soon as the
kernel closes the sockets of the dead process. And its address refuses connections, or another server has locked its
data folder. A server that lives, but has lost that connection, is paused or cannot be reached, keeps its lease. Only a
server judges so that has held a lock of its own for SETTLED_S: a restart of PostgreSQL ends all sessions, and those who
live begin new ones within that time.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import select

from kouyu.domain.ids import NO_SERVER, IdFactory, server_of
from kouyu.store.database import Database
from kouyu.store.errors import StoreError
from kouyu.store.refused import refuses_connections
from kouyu.store.server_sessions import session_has_ended, session_lock
from kouyu.store.server_writes import (
    LEASE_S,
    Announce,
    FailAbandoned,
    FailChats,
    Forget,
    ForgetDead,
    Leave,
    Register,
    Renew,
)
from kouyu.store.tables import servers

log = logging.getLogger(__name__)

RENEW_S: Final = 3.0
"""How often a server renews its lease."""
SETTLED_S: Final = 2.0
"""How long after the begin of its own session a server judges by the sessions of others."""
MOST_ABANDONED: Final = 10_000
"""Chats that wait for the database, to be marked as failed; further ones are at the next start."""


class ServerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A server with a lease. ``run`` is random, ``address`` the base URL by which the others reach it, or empty."""

    number: int
    run: str
    renewed_at: float
    address: str = ""
    live: tuple[str, ...] = ()
    """The ids of the conversations that clients were connected to when the lease was renewed."""
    clients: tuple[str, ...] = ()
    """The clients that were silent then, and may have lost their connections; see Redials."""
    session: str = ""
    """The key of the lock that a connection of the server holds while the server lives; "" if there is none."""
    folder: str = ""
    """The id of its data folder."""


class ServerLease:
    """This server's lease. ``keep`` renews it, and fails the chats of servers that are gone."""

    def __init__(
        self,
        database: Database,
        ids: IdFactory,
        clock: Callable[[], float],
        *,
        beside_others: bool = False,
        folder: str = "",
    ) -> None:
        """``beside_others``: other processes of the same server use the database too. ``folder``: the id of the data
        folder that this server has locked."""
        self._database = database
        self._folder = folder
        self._session = ""
        self._session_since = 0.0
        """Since when it was last begun; of the monotonic clock."""
        self._beside_others = beside_others
        self._abandoned: set[str] = set()
        self._ids = ids
        self._clock = clock
        self._run = ""
        self._address = ""
        self.live: Callable[[], Collection[str]] = tuple
        """Returns the ids of the conversations that clients are connected to."""
        self.silent_clients: Callable[[], Collection[str]] = tuple
        """Returns the clients that may have lost their connections; see Redials."""
        self._renewed_since = 0.0
        """Since when it has been renewed without a gap; of the monotonic clock."""
        self._renewed_at = 0.0
        database.notices.connected = self._hold_session

    async def take(self) -> None:
        """Take a free number, and fail the chats of servers that are gone. Raises StoreError."""
        alone = not self._database.is_shared and not self._beside_others
        first = not self._run and not self._beside_others
        self._run = secrets.token_hex(8)
        register = Register(
            self._run, int(self._clock()), alone, self._address, self._session, self._folder, first=first
        )
        self._ids.server, failed = await self._database.write_one(register)
        self._renewed_since = self._renewed_at = time.monotonic()
        if failed:
            log.warning("marked %d chats as failed that a stop of their server had left open", failed)

    @property
    def run(self) -> str:
        """What tells this server from others that had its number; it changes when the lease is taken anew."""
        return self._run

    @property
    def is_shared(self) -> bool:
        """Whether other servers may use the database, and not only other processes of this one."""
        return self._database.is_shared

    @property
    def address(self) -> str:
        """The base URL by which the others reach this server; "" before it is announced."""
        return self._address

    async def announce(self, address: str) -> None:
        """Tell the others by which base URL they reach this server. Raises StoreError."""
        self._address = address
        await self._database.write_one(Announce(self._run, address))

    async def keep(self) -> None:
        """Renew the lease every RENEW_S, and fail the chats that were abandoned, until cancelled."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                await self.fail_abandoned()
                if self._database.is_shared:
                    await self.renew()
                    await self.forget_dead()
            except StoreError as fault:
                log.warning("the lease of this server was not renewed: %s", fault)

    def abandon(self, chat_ids: Collection[str]) -> None:
        """Have these chats of this server failed as soon as the database can be written: their end could not be."""
        self._abandoned.update(islice(chat_ids, MOST_ABANDONED - len(self._abandoned)))

    async def fail_abandoned(self) -> None:
        """Mark the chats given to ``abandon`` as failed, if they are open. Raises StoreError."""
        if chat_ids := frozenset(self._abandoned):
            await self._database.write_one(FailChats(chat_ids, int(self._clock())))
            self._abandoned -= chat_ids
            log.warning("marked %d chats as failed whose end had not been saved", len(chat_ids))

    async def forget(self, number: int) -> None:
        """Free the number of another process that has ended, and fail its chats. Raises StoreError."""
        if failed := await self._database.write_one(Forget(number, int(self._clock()))):
            log.warning("marked %d chats as failed whose process has ended", failed)

    async def forget_dead(self) -> None:
        """Forget the other servers that have died for certain, and fail their chats. Raises StoreError.

        On SQLite there are none: see ``forget``.
        """
        if not self._session or time.monotonic() - self._session_since < SETTLED_S:
            return
        sessionless = select(servers).where(servers.c.run != self._run, session_has_ended(seen_by=self._session))
        suspects = await self._database.records(sessionless, ServerRecord)
        refused = await asyncio.gather(*(refuses_connections(server.address) for server in suspects))
        runs = tuple(server.run for server, refuses in zip(suspects, refused, strict=True) if refuses)
        if not runs:
            return
        forgotten, failed = await self._database.write_one(ForgetDead(runs, self._session, int(self._clock())))
        if forgotten:
            log.warning("%d servers have died; marked %d chats as failed that they ran", forgotten, failed)

    async def leave(self) -> None:
        """Give the number back: the open chats of this server, if there are any, are failed by the others."""
        await self._database.write_one(Leave(self._run))

    async def renew(self) -> None:
        """Renew the lease, or take a new one if it had run out; fail the chats of servers that are gone."""
        renew = Renew(self._run, self._session, tuple(self.live()), tuple(self.silent_clients()))
        if not await self._database.write_one(renew):
            log.error("the lease of this server had run out; its chats may have been marked as failed")
            await self.take()
            return
        now = time.monotonic()
        if now - self._renewed_at > LEASE_S / 2:
            self._renewed_since = now
        self._renewed_at = now
        # After a gap the others may have had one too, and renew theirs in a moment.
        if now - self._renewed_since >= LEASE_S:
            failed = await self._database.write_one(FailAbandoned(int(self._clock())))
            if failed:
                log.warning("marked %d chats as failed whose server is gone", failed)

    async def _hold_session(self, connection: Any) -> None:
        """Let a connection of asyncpg hold a lock until it ends, by which others see that this server lives.

        Not behind a PgBouncer, which keeps its connections to PostgreSQL when a client's ends.
        """
        if await connection.fetchval("SELECT pg_backend_pid()") != connection.get_server_pid():
            return
        session = self._session or str(secrets.randbelow(1 << 31))
        await connection.execute(session_lock(session))
        self._session = session  # the others know with the next renewal
        self._session_since = time.monotonic()

    async def all(self) -> tuple[ServerRecord, ...]:
        """The servers that hold leases, by their numbers."""
        return await self._database.records(select(servers).order_by(servers.c.number), ServerRecord)

    async def others(self) -> tuple[ServerRecord, ...]:
        """The other servers that hold leases, by their numbers."""
        return tuple(server for server in await self.all() if server.run != self._run)

    async def other_that_made(self, made: str) -> ServerRecord | None:
        """The other server with a lease that made this id; None if this one did, or one that is gone, or none."""
        number = server_of(made)
        if number in (NO_SERVER, self._ids.server):
            return None
        return next((server for server in await self.others() if server.number == number), None)
