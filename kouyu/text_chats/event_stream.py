"""The bounded queue of one chat's events for one client."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

from kouyu.domain.events import Event

MOST_WAITING: Final = 500
"""Most queued events; beyond that the chat, and its model, wait for the client."""
PATIENCE_S: Final = 60.0
"""A client that reads nothing for this many seconds is disconnected."""


class ClientGone(Exception):
    """The client has stopped reading."""


class EventStream:
    """A queue with one reader that can be closed."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False

    async def put(self, event: Event) -> None:
        """Add an event once there is room. After ``close`` it is dropped. Raises ClientGone."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while len(self._waiting) >= MOST_WAITING and not self._closed:
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError as fault:
            raise ClientGone from fault
        if not self._closed:
            self._waiting.append(event)
            self._changed.set()

    def close(self) -> None:
        """End the stream; queued events are still delivered."""
        self._closed = True
        self._changed.set()
        self._room.set()

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events in order, until the end."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
                self._room.set()
            if self._closed:
                return
            self._changed.clear()
            await self._changed.wait()
