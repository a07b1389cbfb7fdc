"""Restores the state of clients that reconnect without a ``chat.update`` (uplink.md, chat.update; websocket.md 1.6)."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import msgspec

from kouyu.domain.configuration import Configuration
from kouyu.store.lost_connections import LostConnections

log = logging.getLogger(__name__)

_SILENT_S: Final = 1.0
"""A connection silent for this many seconds may have been lost without the server having noticed."""
_GIVING_WAY_S: Final = 2.0
"""Most seconds for a connection that is taken over to end and to save the part of its answer that was played."""


class ConnectionState(msgspec.Struct, frozen=True):
    """State that a connection passes on to its successor: its configuration and its conversation."""

    requested: Configuration
    conversation_id: str
    section_id: str


class LiveConnection(Protocol):
    """The view of a session for a connection that may take it over."""

    def state(self) -> ConnectionState | None:
        """The state to pass on; None if its client has configured nothing."""
        ...

    def silent_s(self) -> float:
        """Seconds since its client last sent something."""
        ...

    async def give_way(self) -> None:
        """End the session, since its client has reconnected. Returns when its last records are saved."""
        ...


class Redials:
    """Finds the earlier connection that a reconnecting client continues.

    A client is identified by a digest of its token, its URL and its user agent. If several of its connections may have
    been lost, the right one is ambiguous, and none is continued.
    """

    def __init__(self) -> None:
        self._live: dict[str, list[LiveConnection]] = {}

    @contextmanager
    def live(self, client: str, connection: LiveConnection) -> Iterator[None]:
        """Register the connection as live while the block runs."""
        of_client = self._live.setdefault(client, [])
        of_client.append(connection)
        try:
            yield
        finally:
            of_client.remove(connection)
            if not of_client:
                del self._live[client]

    async def keep(self, lost: LostConnections, client: str, state: ConnectionState) -> None:
        """Save the state of a lost connection. Raises StoreError."""
        await lost.keep(client, msgspec.json.encode(state).decode())

    async def take(
        self, lost: LostConnections, client: str, newcomer: LiveConnection, since_s: float
    ) -> ConnectionState | None:
        """Return the state to continue for a client that connected ``since_s`` seconds ago; None to start afresh.

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
        return None  # written by another version of kouyu
