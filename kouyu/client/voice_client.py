"""A client of ``/v1/chat``, used by `kouyu talk`, the benchmarks and the tests."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus, InvalidURI

from kouyu.client.uplink_audio import SPEECH, UplinkFormat

UPLINK_AUDIO: Final = SPEECH.configuration
"""The same as ``input_audio`` of a configuration."""
FRAME_MS: Final = 20
_LARGEST_EVENT: Final = 16 * 1024 * 1024


class RefusedByServer(Exception):
    """The server refused the client. The text says why and what to check."""

    def __init__(self, text: str, *, try_again_s: float = 0.0) -> None:
        """``try_again_s``: after how many seconds the client may try again (``Retry-After``); 0: not told."""
        super().__init__(text)
        self.try_again_s = try_again_s


class Event(msgspec.Struct, frozen=True):
    """A downlink event and its arrival time: seconds on the event loop's clock."""

    at: float
    type: str
    data: Any

    @property
    def audio(self) -> bytes:
        """The bytes of an audio delta."""
        return base64.b64decode(self.data["content"])


class VoiceClient:
    """One open connection. Made by ``open_client``."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, event_type: str, data: dict[str, Any] | None = None) -> None:
        """Send an uplink event."""
        event: dict[str, Any] = {"event_type": event_type}
        if data is not None:
            event["data"] = data
        await self.send_text(json.dumps(event))

    async def send_text(self, text: str) -> None:
        """Send an uplink event that is JSON already."""
        await self._connection.send(text)

    async def send_audio(self, pcm: bytes) -> None:
        """Send a piece of audio in the format that was configured."""
        await self.send("input_audio_buffer.append", {"delta": base64.b64encode(pcm).decode()})

    async def stream(self, pcm: bytes, *, audio_format: UplinkFormat = SPEECH, faster: float = 1.0) -> float:
        """Send audio of the configured format in frames of 20 ms, as a microphone does; return the time it ended.

        ``faster`` times real time.
        """
        frame = audio_format.bytes_of(FRAME_MS)
        clock = asyncio.get_running_loop().time
        start = clock()
        for number, begin in enumerate(range(0, len(pcm), frame)):
            await asyncio.sleep(start + number * FRAME_MS / 1000 / faster - clock())
            await self.send_audio(pcm[begin : begin + frame])
        return clock()

    async def stream_silence(self, audio_format: UplinkFormat = SPEECH) -> None:
        """Send silence until cancelled, as an open microphone does."""
        while True:
            await self.stream(bytes(audio_format.bytes_of(1000)), audio_format=audio_format)

    @property
    def closed(self) -> bool:
        """Whether the connection has ended."""
        return self._connection.close_code is not None

    @property
    def close_code(self) -> int | None:
        """The code of the close frame that ended the connection; None while it is open."""
        return self._connection.close_code

    @property
    def close_reason(self) -> str:
        """The server's reason for closing the connection; empty while it is open, or if it gave none."""
        return self._connection.close_reason or ""

    async def ended(self) -> None:
        """Wait until the connection has ended, from either side."""
        await self._connection.wait_closed()

    async def events(self) -> AsyncGenerator[Event, None]:
        """The server's events, until the connection ends."""
        clock = asyncio.get_running_loop().time
        try:
            async for text in self._connection:
                event = json.loads(text)
                yield Event(clock(), event["event_type"], event.get("data"))
        except ConnectionClosed:
            return


@asynccontextmanager
async def open_client(
    base_url: str,
    token: str,
    *,
    bot_id: str | None = None,
    workflow_id: str | None = None,
    authority: Path | None = None,
) -> AsyncIterator[VoiceClient]:
    """Connect to the server at ``base_url`` (http:// or https://). Raises RefusedByServer, or OSError.

    ``authority`` is a PEM file of one more certificate authority to trust.
    """
    url = _chat_url(base_url, {"bot_id": bot_id, "workflow_id": workflow_id})
    try:
        async with connect(
            url,
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            max_size=_LARGEST_EVENT,
            ssl=trusting(authority) if url.startswith("wss:") else None,
        ) as connection:
            yield VoiceClient(connection)
    except InvalidStatus as refusal:
        status = refusal.response.status_code
        reason = refusal.response.body.decode(errors="replace") if refusal.response.body else ""
        wait = refusal.response.headers.get("Retry-After", "")
        raise RefusedByServer(
            f"the server answered {status}: {_message(reason)}", try_again_s=float(wait) if wait.isdecimal() else 0.0
        ) from None
    except InvalidURI:
        raise RefusedByServer(f"{base_url!r} is not a server's URL: it must begin with http:// or https://") from None
    except InvalidMessage:
        raise RefusedByServer(f"the answer from {base_url} is not HTTP; is it an https:// address?") from None


def trusting(authority: Path | None) -> ssl.SSLContext:
    """Trust what the system trusts, and ``authority``, a PEM file, if given."""
    context = ssl.create_default_context()
    if authority is not None:
        context.load_verify_locations(authority)
    return context


def _message(body: str) -> str:
    try:
        return str(json.loads(body)["msg"])
    except (ValueError, KeyError, TypeError):
        return body or "no reason given"


def _chat_url(base_url: str, query: dict[str, str | None]) -> str:
    parts = urlsplit(base_url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    given = urlencode({name: value for name, value in query.items() if value})
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + "/v1/chat", given, ""))
