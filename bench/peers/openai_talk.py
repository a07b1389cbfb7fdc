"""The wire of OpenAI's Realtime protocol, for every server that speaks it."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.peers.announcing_model import ANNOUNCE
from bench.peers.peer import AUDIO, FORGOTTEN, STOP, TRANSCRIPT, Talk
from kouyu.client.voice_client import Event

_RATE: Final = 24_000
_BYTES_A_MS: Final = _RATE // 1000 * 2
_OPENED_S: Final = 60.0
_AGAIN_S: Final = 0.1


class OpenAITalk:
    """A conversation. Its connection is another one after ``forget``."""

    def __init__(self, connection: ClientConnection, reconnect: Callable[[], Awaitable[ClientConnection]]) -> None:
        self._connection = connection
        self._reconnect = reconnect
        self._reopened: asyncio.Future[None] | None = None
        """Pending while there is no connection; None once FORGOTTEN has been told."""

    async def send_audio(self, pcm: bytes) -> None:
        if self._reopened is not None and not self._reopened.done():
            return
        samples = np.frombuffer(pcm, "<i2")
        at = np.arange(len(samples) * 3 // 2) * 2 / 3  # 24 kHz
        finer = np.interp(at, np.arange(len(samples)), samples).astype("<i2").tobytes()
        await self._send("input_audio_buffer.append", audio=base64.b64encode(finer).decode())

    async def announce(self, text: str) -> None:
        content = [{"type": "input_text", "text": ANNOUNCE + text}]
        await self._send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        await self._send("response.create")

    async def forget(self) -> None:
        self._reopened = asyncio.get_running_loop().create_future()
        await self._connection.close()
        self._connection = await self._reconnect()
        self._reopened.set_result(None)

    async def close(self) -> None:
        """Close the connection that is open now."""
        await self._connection.close()

    async def events(self) -> AsyncGenerator[Event, None]:
        clock = asyncio.get_running_loop().time
        while True:
            with contextlib.suppress(ConnectionClosed):
                async for text in self._connection:
                    if (event := _event(clock(), json.loads(text))) is not None:
                        yield event
            if self._reopened is None:
                return
            await self._reopened
            self._reopened = None
            yield Event(clock(), FORGOTTEN, None)

    async def _send(self, event_type: str, **fields: Any) -> None:
        await self._connection.send(json.dumps({"type": event_type, **fields}))


def _event(at: float, message: dict[str, Any]) -> Event | None:
    match message["type"]:
        case "response.output_audio.delta":
            return Event(at, AUDIO, len(base64.b64decode(message["delta"])) / _BYTES_A_MS)
        case "input_audio_buffer.speech_started":
            return Event(at, STOP, None)
        case "conversation.item.input_audio_transcription.completed":
            return Event(at, TRANSCRIPT, message["transcript"])
        case "error":
            error = message["error"]
            return Event(at, "error", {"code": error.get("code"), "msg": error.get("message")})
        case _:
            return None


class OpenAIServer:
    """A server at ``url`` (ws://)."""

    def __init__(self, url: str, *, token: str = "", announcer: str = "", silence_ms: int | None) -> None:
        """``announcer``: the model that speaks announcements; empty: the server has one for all. ``silence_ms``: what
        each session asks for; None: what the server was started with."""
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._announcer = announcer
        self._silence_ms = silence_ms

    @asynccontextmanager
    async def talk(self, *, announcing: bool = False) -> AsyncIterator[Talk]:
        async def opened() -> ClientConnection:
            return await self._open(self._announcer if announcing else "")

        talk = OpenAITalk(await opened(), opened)
        try:
            yield talk
        finally:
            await talk.close()

    async def _open(self, model: str) -> ClientConnection:
        """A connection whose session has begun; tried again where the server still ends the last one."""
        url = f"{self._url}?model={model}" if model else self._url
        async with asyncio.timeout(_OPENED_S):
            while True:
                connection = await self._connect(url)
                with contextlib.suppress(ConnectionClosed):
                    if json.loads(await connection.recv())["type"] == "session.created":
                        break
                await connection.close()
                await asyncio.sleep(_AGAIN_S)
        if self._silence_ms is not None:
            detection = {"type": "server_vad", "silence_duration_ms": self._silence_ms}
            session = {"type": "realtime", "audio": {"input": {"turn_detection": detection, "transcription": {}}}}
            await connection.send(json.dumps({"type": "session.update", "session": session}))
        return connection

    async def _connect(self, url: str) -> ClientConnection:
        return await connect(
            url, additional_headers=self._headers, compression=None, max_size=None, open_timeout=_OPENED_S
        )
