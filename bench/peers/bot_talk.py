"""The wire of the bots in ``bots/``: audio as binary messages, PCM of 16 kHz up and 24 kHz down; all else as JSON."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.peers.peer import AUDIO, Talk
from kouyu.client.voice_client import Event

_BYTES_A_MS: Final = 24 * 2


class BotTalk:
    """A conversation with a bot."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send_audio(self, pcm: bytes) -> None:
        await self._connection.send(pcm)

    async def announce(self, text: str) -> None:
        await self._command(say=text)

    async def forget(self) -> None:
        await self._command(forget=True)

    async def events(self) -> AsyncGenerator[Event, None]:
        clock = asyncio.get_running_loop().time
        try:
            async for message in self._connection:
                if isinstance(message, bytes):
                    yield Event(clock(), AUDIO, len(message) / _BYTES_A_MS)
                else:
                    said = json.loads(message)
                    yield Event(clock(), said["type"], said.get("data"))
        except ConnectionClosed:
            return

    async def _command(self, **what: Any) -> None:
        await self._connection.send(json.dumps(what))


class BotServer:
    """A bot that runs on this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    @asynccontextmanager
    async def talk(self, *, announcing: bool = False) -> AsyncIterator[Talk]:
        async with connect(f"ws://127.0.0.1:{self._port}", compression=None, max_size=None) as connection:
            yield BotTalk(connection)
