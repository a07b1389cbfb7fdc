"""What a session needs of a connection: text in, text out, and an end."""

from typing import Protocol


class SocketClosed(ConnectionError):
    """The client is gone, or the connection has been closed from this side."""


class Socket(Protocol):
    """One WebSocket connection, already accepted.

    ``receive`` belongs to one task; ``send`` and ``close`` may be called from any task of the event loop.
    """

    @property
    def said_goodbye(self) -> bool:
        """The client has closed the connection with a close frame. False where it was lost, or closed from this side:
        the JavaScript SDK dials again then (websocket.md 1.6)."""
        ...

    async def receive(self) -> str | bytes | None:
        """The next message; None, and None again, once the connection is over.

        Reading stops while nobody asks, so the client is slowed down rather than buffered. Bytes come from clients
        that send binary frames (websocket.md 1.3) and hold UTF-8 JSON like the text.
        """
        ...

    async def send(self, text: str) -> None:
        """Send one text message. Waits while the client does not take what was sent before.

        Raises SocketClosed when the connection is over.
        """
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket status code and a reason of at most 123 bytes. Nothing happens the second time."""
        ...
