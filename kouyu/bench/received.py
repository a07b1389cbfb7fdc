"""Everything a server has sent on a connection, and waiting for what is still to come."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Protocol, TypeAlias

from kouyu.client.voice_client import Event

Wanted: TypeAlias = Callable[[Event], bool]


class ConnectionLost(Exception):
    """The server hung up, or sent an ``error`` event."""


class Sender(Protocol):
    """Where events come from."""

    def events(self) -> AsyncGenerator[Event, None]:
        """Until the connection ends."""
        ...


class Received:
    """Keeps the events that come. ``run`` belongs to a task of the owner's."""

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
        """How many events there are; what ``since`` takes."""
        return len(self._events)

    def events(self, since: int) -> list[Event]:
        """The events that came after a position."""
        return self._events[since:]

    async def wait(self, wanted: Wanted, *, since: int, seconds: float) -> Event | None:
        """The first event after a position that is wanted; None if it does not come within ``seconds`` from now."""
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
    """Wants events of one type."""
    return lambda event: event.type == event_type


def is_text(event: Event) -> bool:
    """Wants a piece of the answer's text."""
    return event.type == "conversation.message.delta" and bool(event.data["content"])


IS_AUDIO = is_type("conversation.audio.delta")
