"""Talking with an audio endpoint of a running server in a few words."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.end_to_end.running_server import RunningServer

PATIENCE_S = 60


class Wire:
    """A client with a memory: everything that came is in ``events``, and when it came in ``times``."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.events: list[dict[str, Any]] = []
        self.times: list[float] = []
        self._news = asyncio.Event()

    async def listen(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self.connection:
                self.events.append(json.loads(message))
                self.times.append(time.monotonic())
                self._news.set()
        self._news.set()

    async def send(self, event_type: str, data: Any = None) -> None:
        event = {"event_type": event_type} | ({} if data is None else {"data": data})
        await self.connection.send(json.dumps(event))

    async def append(self, audio: bytes) -> None:
        await self.send("input_audio_buffer.append", {"delta": base64.b64encode(audio).decode()})

    async def until(self, event_type: str, count: int = 1) -> dict[str, Any]:
        """Wait for the ``count``-th event of a type."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := self.of(event_type)) < count:
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    def of(self, event_type: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event_type"] == event_type]

    @property
    def types(self) -> list[str]:
        return [event["event_type"] for event in self.events]

    def audio(self, event_type: str) -> list[bytes]:
        """The packets that events of this type carried."""
        return [base64.b64decode(event["data"]["delta"], validate=True) for event in self.of(event_type)]


@asynccontextmanager
async def wired(server: RunningServer, path: str) -> AsyncIterator[Wire]:
    """A connection for the length of a block."""
    address = server.http.replace("http://", "ws://") + path
    async with connect(address, additional_headers={"Authorization": f"Bearer {server.token}"}) as connection:
        wire = Wire(connection)
        listening = asyncio.create_task(wire.listen())
        try:
            yield wire
        finally:
            await connection.close()
            await listening
