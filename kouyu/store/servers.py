"""The servers that share a database. Each holds a lease on a number, which is part of the ids that it makes.

So the number in a chat's id says which server runs it, and an open chat whose server has no lease has been abandoned.
On SQLite there is one server, whose lock of the data folder keeps others out. If it runs in several processes, each has
a number of its own: the first one forgets those of an earlier run, and frees the number of a process that has ended.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection
from itertools import islice
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from kouyu.domain.ids import MOST_SERVERS, NO_SERVER, IdFactory, server_of
from kouyu.store import chats, dialect
from kouyu.store.database import Database
from kouyu.store.errors import StoreError
from kouyu.store.tables import servers

log = logging.getLogger(__name__)

LEASE_S: Final = 15.0
"""A server that has not renewed its lease for so long counts as gone, and its open chats as failed."""
RENEW_S: Final = 3.0
"""How often a server renews its lease."""
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


class Register(msgspec.Struct, frozen=True):
    """Give a starting server a number that no other holds; return it with the number of chats that were failed, since
    the servers that ran them are gone. ``alone``: there can be no other server.

    Raises StoreError if MOST_SERVERS servers hold leases.
    """

    run: str
    failed_at: int
    alone: bool
    address: str = ""

    def apply(self, connection: Connection) -> tuple[int, int]:
        """See Write."""
        dialect.lock(connection, dialect.SERVERS)
        if self.alone:
            connection.execute(delete(servers))
        live = _live(connection)
        failed = chats.fail_abandoned(connection, live, self.failed_at)
        free = next((number for number in range(1, MOST_SERVERS + 1) if number not in live), NO_SERVER)
        if free == NO_SERVER:
            raise StoreError(f"{MOST_SERVERS} servers use the database already")
        connection.execute(
            insert(servers).values(number=free, run=self.run, renewed_at=dialect.now(connection), address=self.address)
        )
        return free, failed


class Renew(msgspec.Struct, frozen=True):
    """Renew a server's lease; False if it had run out and the server is no longer known."""

    run: str
    live: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()

    def apply(self, connection: Connection) -> bool:
        """See Write."""
        renewed = (
            update(servers)
            .where(servers.c.run == self.run)
            .values(renewed_at=dialect.now(connection), live=self.live, clients=self.clients)
        )
        return connection.execute(renewed).rowcount > 0


class Announce(msgspec.Struct, frozen=True):
    """Save the address of a server."""

    run: str
    address: str

    def apply(self, connection: Connection) -> None:
        """See Write."""
        connection.execute(update(servers).where(servers.c.run == self.run).values(address=self.address))


class FailAbandoned(msgspec.Struct, frozen=True):
    """Forget the servers whose lease has run out, and mark their open chats as failed; return how many there were."""

    failed_at: int

    def apply(self, connection: Connection) -> int:
        """See Write."""
        dialect.lock(connection, dialect.SERVERS)
        return chats.fail_abandoned(connection, _live(connection), self.failed_at)


class FailChats(msgspec.Struct, frozen=True):
    """Mark those of these chats as failed that are open."""

    chat_ids: frozenset[str]
    failed_at: int

    def apply(self, connection: Connection) -> None:
        """See Write."""
        for chat_id in self.chat_ids:
            chats.fail_chat(connection, chat_id, self.failed_at)


class Leave(msgspec.Struct, frozen=True):
    """Give a server's number back."""

    run: str

    def apply(self, connection: Connection) -> None:
        """See Write."""
        connection.execute(delete(servers).where(servers.c.run == self.run))


def _live(connection: Connection) -> frozenset[int]:
    """The numbers of the servers with a lease. Forgets the others, unless the database has just come up again: then
    they could not renew it."""
    now = dialect.now(connection)
    if now - dialect.up_since(connection) > LEASE_S:
        connection.execute(delete(servers).where(servers.c.renewed_at < now - LEASE_S))
    return frozenset(connection.execute(select(servers.c.number)).scalars())


class Forget(msgspec.Struct, frozen=True):
    """Take the number from a server that is known to be gone, and mark its open chats as failed; return how many."""

    number: int
    failed_at: int

    def apply(self, connection: Connection) -> int:
        """See Write."""
        dialect.lock(connection, dialect.SERVERS)
        connection.execute(delete(servers).where(servers.c.number == self.number))
        return chats.fail_abandoned(connection, _live(connection), self.failed_at)


class ServerLease:
    """This server's lease. ``keep`` renews it, and fails the chats of servers that are gone."""

    def __init__(
        self, database: Database, ids: IdFactory, clock: Callable[[], float], *, beside_others: bool = False
    ) -> None:
        """``beside_others``: other processes of the same server use the database too."""
        self._database = database
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

    async def take(self) -> None:
        """Take a free number, and fail the chats of servers that are gone. Raises StoreError."""
        alone = not self._database.is_shared and not self._beside_others
        self._run = secrets.token_hex(8)
        register = Register(self._run, int(self._clock()), alone, self._address)
        self._ids.server, failed = await self._database.write_one(register)
        self._renewed_since = self._renewed_at = time.monotonic()
        if failed:
            log.warning("marked %d chats as failed that a stop of their server had left open", failed)

    @property
    def run(self) -> str:
        """What tells this server from others that had its number; it changes when the lease is taken anew."""
        return self._run

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

    async def leave(self) -> None:
        """Give the number back: the open chats of this server, if there are any, are failed by the others."""
        await self._database.write_one(Leave(self._run))

    async def renew(self) -> None:
        """Renew the lease, or take a new one if it had run out; fail the chats of servers that are gone."""
        if not await self._database.write_one(Renew(self._run, tuple(self.live()), tuple(self.silent_clients()))):
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
