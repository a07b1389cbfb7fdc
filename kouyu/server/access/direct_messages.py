"""Messages of a client that are taken in as they arrive, without the application's task being woken.

An ASGI extension of kouyu's WebSocket protocol (``server/process/websocket_protocol.py``): ``scope["extensions"]``
holds one DirectMessages for each connection under ``EXTENSION``.
"""

from typing import Final

from kouyu.serving.socket import Take

EXTENSION: Final = "kouyu.direct_messages"


class DirectMessages:
    """While ``take`` is set, the application waits for a message, and each one is offered to ``take`` first."""

    def __init__(self) -> None:
        self.take: Take | None = None
