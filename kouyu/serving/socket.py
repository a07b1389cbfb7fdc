"""The interface of a session's connection: receive, send and close."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

Take: TypeAlias = Callable[[str | bytes], bool]
"""Takes in a message at once; False leaves it to the receiver. Raises nothing."""


class SocketClosed(ConnectionError):
    """The connection is closed: by the client, by a network failure, or from this side."""


class Socket(Protocol):
    """One WebSocket connection, already accepted.

    ``receive`` belongs to one task; ``send`` and ``close`` may be called from any task of the event loop.
    """

    @property
    def said_goodbye(self) -> bool:
        """Whether the client closed the connection with a close frame. False if it was lost, or closed from this side:
        the JavaScript SDK then reconnects (websocket.md 1.6)."""
        ...

    async def receive(self, take: Take | None = None) -> str | bytes | None:
        """The next message; None, and None again, once the connection is over.

        While it waits, the socket may offer each message to ``take`` as it arrives, and waits on where ``take`` takes
        it in: so a message that needs no waiting wakes no task. A message that was returned was not taken in.

        Reading pauses between calls, so the client is slowed down rather than buffered. Bytes come from clients
        that send binary frames (websocket.md 1.3) and hold UTF-8 JSON like the text.
        """
        ...

    async def send(self, text: str) -> None:
        """Send one text message. Waits while the client does not read earlier ones.

        Raises SocketClosed when the connection is over.
        """
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket status code and a reason of at most 123 bytes. A second call does nothing."""
        ...
