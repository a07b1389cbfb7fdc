"""HTTP/1.1 protocol with stall timeouts: closes clients that stop sending a request or reading an answer.

uvicorn's own has none, and waits for them for ever.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

LONGEST_STALL_S = 60.0
"""Timeout in seconds for the head of a request, between two pieces of its body, and without reading any of the
answer."""


class HttpProtocol(H11Protocol):
    """Pass it to uvicorn as ``http``. Not applied after a WebSocket upgrade."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._moved_at = self.loop.time()
        self._watch: asyncio.TimerHandle | None = None
        self.on_first_request: Callable[[], None] | None = None
        """Called once, with the connection's first request, unless it becomes a WebSocket."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """As the base class; starts the timeouts."""
        super().connection_made(transport)
        self._moved_at = self.loop.time()
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        """As the base class; stops the timeouts."""
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As the base class. A partial head counts as no progress: the whole head has to arrive within the timeout."""
        super().data_received(data)
        if self.on_first_request is not None and self.has_been_asked:
            tell, self.on_first_request = self.on_first_request, None
            tell()
        if not self._is_between_requests():
            self._moved_at = self.loop.time()

    def on_response_complete(self) -> None:
        """As the base class; starts the timeout for the next head."""
        self._moved_at = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """As the base class; starts the timeout for the client to read."""
        self._moved_at = self.loop.time()
        super().pause_writing()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """As the base class; stops the timeouts, and leaves out ``Content-Length: 0``, which Java's own client sends
        (java.net.http) and websockets refuses."""
        self._stop_watching()
        self.headers = [each for each in self.headers if each != (b"content-length", b"0")]
        super().handle_websocket_upgrade(event)

    @property
    def has_been_asked(self) -> bool:
        """Whether a request has come: a connection that has none may become a WebSocket."""
        return self.cycle is not None

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _waits_for_the_client(self) -> bool:
        if self._is_between_requests() or self.flow.write_paused:
            return True
        return self.cycle.more_body and not self.flow.read_paused

    def _look_again(self) -> None:
        waited_s = self.loop.time() - self._moved_at if self._waits_for_the_client() else 0.0
        if waited_s >= LONGEST_STALL_S:
            self.transport.abort()
        else:
            self._watch = self.loop.call_later(LONGEST_STALL_S - waited_s, self._look_again)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
