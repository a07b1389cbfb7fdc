"""Litestar's WebSocket as the Socket that sessions use."""

import time
from collections.abc import Callable
from typing import Any, Final

from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from kouyu.diagnostics.wire_tap import WireTap
from kouyu.domain.ids import new_event_id
from kouyu.protocol.coze import downlink
from kouyu.server.access.direct_messages import EXTENSION, DirectMessages
from kouyu.serving.socket import SocketClosed, Take

ErrorText = Callable[[int, str, str], str]
"""Makes the text of an ``error`` event of a code, a message and a log id."""

_LOST: Final = 1006
"""The WebSocket close code of a connection that ended without a close frame."""
POLICY_VIOLATION: Final = 1008
"""The WebSocket close code after an ``error`` event that refuses a client."""


class ClientSocket:
    """A Socket over an accepted Litestar WebSocket."""

    def __init__(self, websocket: "WebSocket[Any, Any, Any]", error_text: ErrorText) -> None:
        """``error_text``: how the client's protocol spells an error that ends the connection."""
        self._websocket = websocket
        self.error_text = error_text
        extensions: dict[str, Any] = websocket.scope.get("extensions") or {}
        self._direct: DirectMessages | None = extensions.get(EXTENSION)
        self._over = False
        self.said_goodbye = False
        self._take: Take | None = None
        self._wire_tap: WireTap | None = None

    @property
    def wire_tap(self) -> WireTap | None:
        """Gets each message while the connection's messages are watched."""
        return self._wire_tap

    @wire_tap.setter
    def wire_tap(self, wire_tap: WireTap | None) -> None:
        self._wire_tap = wire_tap
        self._offer()

    def _offer(self) -> None:
        """Offer what takes messages in to the connection, by way of the tap while there is one."""
        if self._direct is not None:
            is_watched = self._take is not None and self._wire_tap is not None
            self._direct.take = self._take_watched if is_watched else self._take

    def _take_watched(self, message: str | bytes) -> bool:
        assert self._take is not None
        is_taken = self._take(message)
        if is_taken and self._wire_tap is not None:
            self._wire_tap.received(message)
        return is_taken

    async def receive(self, take: Take | None = None) -> str | bytes | None:
        """The next message that ``take`` does not take in; None once the connection is over."""
        if self._over:
            return None
        if take is not None:
            self._take = take
            self._offer()
        try:
            message: Any = await self._websocket.receive()
        finally:
            self._take = None
            self._offer()
        if message["type"] == "websocket.disconnect":
            self._over = True
            self.said_goodbye = _is_from_client(message.get("code", _LOST))
            return None
        text: str | None = message.get("text")
        received = text if text is not None else bytes(message["bytes"])
        if self.wire_tap is not None:
            self.wire_tap.received(received)
        return received

    async def send(self, text: str) -> None:
        """Send one text message; raises SocketClosed when the connection is over."""
        if self._over:
            raise SocketClosed
        await self._send({"type": "websocket.send", "text": text, "bytes": None})
        if self.wire_tap is not None:
            self.wire_tap.sent(text)

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, if it is not over."""
        if self._over:
            return
        self._over = True
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except SocketClosed:
            return  # the client closed it first

    async def _send(self, message: Any) -> None:
        try:
            await self._websocket.send(message)
        except (OSError, RuntimeError, WebSocketDisconnect) as error:
            # uvicorn: OSError once the client is gone, RuntimeError once it has closed the connection by itself.
            self._over = True
            raise SocketClosed from error


def _is_from_client(code: int) -> bool:
    """Whether a close code came in a client's close frame; the others are set on this side."""
    return code in (1000, 1001, 1005) or 3000 <= code < 5000


def coze_error(code: int, msg: str, log_id: str) -> str:
    """The text of an ``error`` event of Coze's protocol."""
    unix_ms = int(time.time() * 1000)
    return downlink.encode(downlink.error(code, msg), event_id=new_event_id(), log_id=log_id, unix_ms=unix_ms)


async def say_error_and_close(socket: ClientSocket, code: int, msg: str, log_id: str) -> None:
    """Send an ``error`` event, then close: used for every error that makes a connection useless (websocket.md 2.1)."""
    try:
        await socket.send(socket.error_text(code, msg, log_id))
    except ConnectionError:
        return
    await socket.close(POLICY_VIOLATION, msg.encode()[:123].decode(errors="ignore"))
