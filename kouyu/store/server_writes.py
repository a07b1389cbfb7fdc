"""The writes of ``servers.py``: a server takes, renews and gives back its lease, and forgets those that are gone."""

from typing import Final

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from kouyu.domain.ids import MOST_SERVERS, NO_SERVER
from kouyu.store import chats, dialect
from kouyu.store.errors import StoreError
from kouyu.store.server_sessions import session_has_ended
from kouyu.store.tables import servers

LEASE_S: Final = 15.0
"""A server that has not renewed its lease for so long counts as gone, and its open chats as failed."""


class Register(msgspec.Struct, frozen=True):
    """Give a starting server a number that no other holds; return it with the number of chats that were failed, since
    the servers that ran them are gone.

    ``alone``: there can be no other server. ``folder``: the id of the data folder that the server has locked.
    ``first``: no other process of it has registered, so servers of this folder have died if their sessions have ended.
    ``session``: see Renew. Raises StoreError if MOST_SERVERS servers hold leases.
    """

    run: str
    failed_at: int
    alone: bool
    address: str = ""
    session: str = ""
    folder: str = ""
    first: bool = False

    def apply(self, connection: Connection) -> tuple[int, int]:
        """See Write."""
        dialect.lock(connection, dialect.SERVERS)
        if self.alone:
            connection.execute(delete(servers))
        elif self.folder and self.first:
            connection.execute(delete(servers).where(servers.c.folder == self.folder, session_has_ended()))
        live = _live(connection)
        failed = chats.fail_abandoned(connection, live, self.failed_at)
        free = next((number for number in range(1, MOST_SERVERS + 1) if number not in live), NO_SERVER)
        if free == NO_SERVER:
            raise StoreError(f"{MOST_SERVERS} servers use the database already")
        own = {"run": self.run, "address": self.address, "session": self.session, "folder": self.folder}
        connection.execute(insert(servers).values(number=free, renewed_at=dialect.now(connection), **own))
        return free, failed


class Renew(msgspec.Struct, frozen=True):
    """Renew a server's lease; False if it had run out and the server is no longer known.

    ``session``: the key of the lock that a connection of the server holds while the server lives; "" without one.
    """

    run: str
    session: str = ""
    live: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()

    def apply(self, connection: Connection) -> bool:
        """See Write."""
        renewed = (
            update(servers)
            .where(servers.c.run == self.run)
            .values(renewed_at=dialect.now(connection), session=self.session, live=self.live, clients=self.clients)
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


class Forget(msgspec.Struct, frozen=True):
    """Take the number from a server that is known to be gone, and mark its open chats as failed; return how many."""

    number: int
    failed_at: int

    def apply(self, connection: Connection) -> int:
        """See Write."""
        dialect.lock(connection, dialect.SERVERS)
        connection.execute(delete(servers).where(servers.c.number == self.number))
        return chats.fail_abandoned(connection, _live(connection), self.failed_at)


class ForgetDead(msgspec.Struct, frozen=True):
    """Forget those of these servers whose sessions have ended, and mark their open chats as failed; return how many
    servers and chats there were. ``session``: that of the server which has found them."""

    runs: tuple[str, ...]
    session: str
    failed_at: int

    def apply(self, connection: Connection) -> tuple[int, int]:
        """See Write."""
        dialect.lock(connection, dialect.SERVERS)
        dead = delete(servers).where(servers.c.run.in_(self.runs), session_has_ended(seen_by=self.session))
        forgotten = connection.execute(dead).rowcount
        return forgotten, chats.fail_abandoned(connection, _live(connection), self.failed_at)


def _live(connection: Connection) -> frozenset[int]:
    """The numbers of the servers with a lease. Forgets the others, unless the database has just come up again: then
    they could not renew it."""
    now = dialect.now(connection)
    if now - dialect.up_since(connection) > LEASE_S:
        connection.execute(delete(servers).where(servers.c.renewed_at < now - LEASE_S))
    return frozenset(connection.execute(select(servers.c.number)).scalars())
