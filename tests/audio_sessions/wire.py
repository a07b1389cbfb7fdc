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

from tests.arrivals import Arrivals
from tests.end_to_end.running_server import RunningServer


class Wire(Arrivals[dict[str, Any]]):
    """A client with a memory; when each event came is in ``times``."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__(lambda event: str(event["event_type"]))
        self.connection = connection
        self.times: list[float] = []

    async def listen(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self.connection:
                self.times.append(time.monotonic())
                self.add(json.loads(message))

    async def send(self, event_type: str, data: Any = None) -> None:
        event = {"event_type": event_type} | ({} if data is None else {"data": data})
        await self.connection.send(json.dumps(event))

    async def append(self, audio: bytes) -> None:
        await self.send("input_audio_buffer.append", {"delta": base64.b64encode(audio).decode()})

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
