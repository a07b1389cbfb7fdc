"""Litestar's WebSocket as the Socket that sessions use."""

from typing import Any

from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from kouyu.speech.socket import SocketClosed


class ClientSocket:
    """A Socket over an accepted Litestar WebSocket."""

    def __init__(self, websocket: "WebSocket[Any, Any, Any]") -> None:
        self._websocket = websocket
        self._over = False

    async def receive(self) -> str | bytes | None:
        """The next message; None once the connection is over."""
        if self._over:
            return None
        message: Any = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            self._over = True
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message["bytes"])

    async def send(self, text: str) -> None:
        """Send one text message; raises SocketClosed when the connection is over."""
        if self._over:
            raise SocketClosed
        await self._send({"type": "websocket.send", "text": text, "bytes": None})

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, if it is not over."""
        if self._over:
            return
        self._over = True
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except SocketClosed:
            return  # the client was quicker

    async def _send(self, message: Any) -> None:
        try:
            await self._websocket.send(message)
        except (OSError, RuntimeError, WebSocketDisconnect) as error:
            # uvicorn: OSError once the client is gone, RuntimeError once it has closed the connection by itself.
            self._over = True
            raise SocketClosed from error
