"""Clients that dial again after a drop and send no ``chat.update`` (uplink.md, chat.update; websocket.md 1.6)."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import msgspec

from kouyu.protocol.configuration import Configuration
from kouyu.store.lost_connections import LostConnections

log = logging.getLogger(__name__)

_SILENT_S: Final = 1.0
"""A connection on which nothing has come for so long may be one whose loss has not been noticed yet."""
_GIVING_WAY_S: Final = 2.0
"""What a connection that is taken over may need to end and to save what was heard of its answer."""


class ConnectionState(msgspec.Struct, frozen=True):
    """What a connection hands over to the one that follows it: what was asked for, and where it talked."""

    requested: Configuration
    conversation_id: str
    section_id: str


class LiveConnection(Protocol):
    """A session, as those that may take it over see it."""

    def state(self) -> ConnectionState | None:
        """What it hands over; None where its client has asked for nothing."""
        ...

    def silent_s(self) -> float:
        """Seconds since its client last sent something."""
        ...

    async def give_way(self) -> None:
        """End, since its client has dialled again. Returns when what it says last has been saved."""
        ...


class Redials:
    """Finds the connection that a client goes on with.

    A client is a digest of its token, the URL that it dials and its software. Where more than one of its connections
    may have been lost nobody can tell whose it was, and it goes on with none.
    """

    def __init__(self) -> None:
        self._live: dict[str, list[LiveConnection]] = {}

    @contextmanager
    def live(self, client: str, connection: LiveConnection) -> Iterator[None]:
        """The connection lives while the block runs."""
        of_client = self._live.setdefault(client, [])
        of_client.append(connection)
        try:
            yield
        finally:
            of_client.remove(connection)
            if not of_client:
                del self._live[client]

    async def keep(self, lost: LostConnections, client: str, state: ConnectionState) -> None:
        """A connection was lost. Raises StoreError."""
        await lost.keep(client, msgspec.json.encode(state).decode())

    async def take(
        self, lost: LostConnections, client: str, newcomer: LiveConnection, since_s: float
    ) -> ConnectionState | None:
        """What the client goes on with that dialled ``since_s`` seconds ago; None: it begins anew.

        Raises StoreError.
        """
        kept = await lost.take(client)
        if kept:
            return _read(kept[0]) if len(kept) == 1 else None
        unnoticed = [
            (connection, state)
            for connection in self._live.get(client, ())
            if connection is not newcomer and connection.silent_s() >= max(_SILENT_S, since_s)
            if (state := connection.state()) is not None
        ]
        if len(unnoticed) != 1:
            return None
        ((connection, state),) = unnoticed
        try:
            async with asyncio.timeout(_GIVING_WAY_S):
                await connection.give_way()
        except TimeoutError:
            log.warning("a connection that was taken over has not ended within %g s", _GIVING_WAY_S)
        return state


def _read(state: str) -> ConnectionState | None:
    try:
        return msgspec.json.decode(state, type=ConnectionState)
    except msgspec.ValidationError:
        return None  # another version of kouyu wrote it
