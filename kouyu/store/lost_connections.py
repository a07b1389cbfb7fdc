"""State of lost connections, kept for a minute for clients that reconnect without a configuration."""

import time
from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from kouyu.store.database import Database
from kouyu.store.tables import lost_connections

KEPT_S: Final = 60
"""Seconds that a client has to reconnect. The JavaScript SDK retries every 1 to 10 s (websocket.md 1.6)."""
MOST_KEPT: Final = 1000
"""Most lost connections kept; beyond that the oldest are deleted."""


class KeepLost(msgspec.Struct, frozen=True):
    """Keep the state of a lost connection."""

    client: str
    state: str
    now: int

    def apply(self, connection: Connection) -> None:
        """See Write."""
        _forget_old(connection, self.now)
        connection.execute(insert(lost_connections).values(client=self.client, state=self.state, lost_at=self.now))
        newest = connection.execute(select(func.max(lost_connections.c.seq))).scalar_one()
        connection.execute(delete(lost_connections).where(lost_connections.c.seq <= newest - MOST_KEPT))


class TakeLost(msgspec.Struct, frozen=True):
    """Take (read and delete) the states of a client's lost connections."""

    client: str
    now: int

    def apply(self, connection: Connection) -> list[str]:
        """See Write. Returns the states, oldest first."""
        _forget_old(connection, self.now)
        of_client = lost_connections.c.client == self.client
        found = connection.execute(select(lost_connections.c.state).where(of_client).order_by(lost_connections.c.seq))
        states = [str(state) for state in found.scalars()]
        if states:
            connection.execute(delete(lost_connections).where(of_client))
        return states


class ForgetOld(msgspec.Struct, frozen=True):
    """Delete expired states."""

    now: int

    def apply(self, connection: Connection) -> None:
        """See Write."""
        _forget_old(connection, self.now)


def _forget_old(connection: Connection, now: int) -> None:
    connection.execute(delete(lost_connections).where(lost_connections.c.lost_at < now - KEPT_S))


class LostConnections:
    """The lost connections of the last KEPT_S. One can be taken once, by one server."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, client: str, state: str) -> None:
        """Save the state of a lost connection under its client's digest. Raises StoreError."""
        await self._database.write(KeepLost(client, state, int(self._clock())))

    async def forget_old(self) -> None:
        """Delete states older than KEPT_S. Raises StoreError."""
        await self._database.write(ForgetOld(int(self._clock())))

    async def has(self, client: str) -> bool:
        """Whether this client has a lost connection. Raises StoreError."""
        since = int(self._clock()) - KEPT_S
        of_client = (lost_connections.c.client == client) & (lost_connections.c.lost_at >= since)
        return bool(await self._database.scalar(select(func.count()).where(of_client)))

    async def take(self, client: str) -> list[str]:
        """Take the states of this client's lost connections, oldest first. Raises StoreError."""
        return await self._database.write_one(TakeLost(client, int(self._clock())))
