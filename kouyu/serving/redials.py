"""Restores the state of clients that reconnect without a ``chat.update`` (uplink.md, chat.update; websocket.md 1.6)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

import msgspec

from kouyu.domain.configuration import Configuration
from kouyu.store.lost_connections import LostConnections

log = logging.getLogger(__name__)

_SILENT_S: Final = 1.0
"""A connection silent for this many seconds may have been lost without the server having noticed."""
_GIVING_WAY_S: Final = 2.0
"""Most seconds for a connection that is taken over to end and to save the part of its answer that was played."""


_FROM_OTHERS_S: Final = _GIVING_WAY_S + 0.5
"""Most seconds for another server to keep the state of a connection that may have been lost there."""
_LOOK_AGAIN_S: Final = 0.05


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
        self.ask_others: Callable[[str, float], Awaitable[bool]] | None = None
        """Asks other servers for the state of this client's connection if it is silent there for so many seconds, and
        returns whether one may have it. It is then kept. None: there are no others."""

    def silent_clients(self) -> list[str]:
        """The clients that have been silent for as long as one whose connection is lost, once for each connection."""
        return [
            client
            for client, connections in self._live.items()
            for connection in connections
            if client and connection.silent_s() >= _SILENT_S and connection.state() is not None
        ]

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
        if not self._unnoticed(client, newcomer, since_s) and await self._comes_from_others(lost, client, since_s):
            kept = await lost.take(client)
            return _read(kept[0]) if len(kept) == 1 else None
        return await self._taken_over(client, newcomer, since_s)

    async def give_way_to(self, lost: LostConnections, client: str, since_s: float) -> None:
        """End the connection of a client that has reconnected at another server; keep its state. Raises StoreError."""
        state = await self._taken_over(client, None, since_s)
        if state is not None:
            await self.keep(lost, client, state)

    async def _comes_from_others(self, lost: LostConnections, client: str, since_s: float) -> bool:
        """Whether another server has kept the state of this client."""
        if self.ask_others is None or not await self.ask_others(client, since_s):
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(_FROM_OTHERS_S):
                while not await lost.has(client):  # noqa: ASYNC110 - it comes into the database
                    await asyncio.sleep(_LOOK_AGAIN_S)
                return True
        return False

    def _unnoticed(
        self, client: str, newcomer: LiveConnection | None, since_s: float
    ) -> list[tuple[LiveConnection, ConnectionState]]:
        """The connections of the client that may have been lost."""
        return [
            (connection, state)
            for connection in self._live.get(client, ())
            if connection is not newcomer and connection.silent_s() >= max(_SILENT_S, since_s)
            if (state := connection.state()) is not None
        ]

    async def _taken_over(self, client: str, newcomer: LiveConnection | None, since_s: float) -> ConnectionState | None:
        """End the one connection of the client that may have been lost; return its state, None for none or several."""
        unnoticed = self._unnoticed(client, newcomer, since_s)
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
