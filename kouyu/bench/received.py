"""Collects a connection's events, and waits for later ones."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Protocol, TypeAlias

from kouyu.client.voice_client import Event

Wanted: TypeAlias = Callable[[Event], bool]


class ConnectionLost(Exception):
    """The server closed the connection, or sent an ``error`` event."""


class Sender(Protocol):
    """A source of events."""

    def events(self) -> AsyncGenerator[Event, None]:
        """The events until the connection ends."""
        ...


class Received:
    """Collects events. The owner runs ``run`` in a task."""

    def __init__(self, client: Sender) -> None:
        self._client = client
        self._came = asyncio.Event()
        self._events: list[Event] = []

    async def run(self) -> None:
        """Read until cancelled. Raises ConnectionLost."""
        async for event in self._client.events():
            if event.type == "error":
                raise ConnectionLost(f"the server sent an error: {event.data['code']} {event.data['msg']}")
            self._events.append(event)
            self._came.set()
        raise ConnectionLost("the server closed the connection")

    @property
    def position(self) -> int:
        """The number of events so far, for ``since``."""
        return len(self._events)

    def events(self, since: int) -> list[Event]:
        """The events after a position."""
        return self._events[since:]

    async def wait(self, wanted: Wanted, *, since: int, seconds: float) -> Event | None:
        """The first matching event after a position; None if none comes within ``seconds`` from now."""
        looked = since
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._came.clear()
                    for event in self._events[looked:]:
                        if wanted(event):
                            return event
                    looked = len(self._events)
                    await self._came.wait()
        except TimeoutError:
            return None


def is_type(event_type: str) -> Wanted:
    """Match events of one type."""
    return lambda event: event.type == event_type


def is_text(event: Event) -> bool:
    """Match deltas of the answer's text."""
    return event.type == "conversation.message.delta" and bool(event.data["content"])


IS_AUDIO = is_type("conversation.audio.delta")
