"""uvicorn's HTTP protocol, but not without end.

By itself it waits for ever for a client that stops in the middle of a request, or of taking its answer.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

LONGEST_STALL_S = 60.0
"""A client may take so long for the head of a request, and so long between two pieces of its body; and for so long it
may take nothing of its answer."""


class HttpProtocol(H11Protocol):
    """Give it to uvicorn as ``http``. Connections that carry a WebSocket are none of its business any more."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._moved_at = self.loop.time()
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """As the base class, and begin to watch."""
        super().connection_made(transport)
        self._moved_at = self.loop.time()
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        """As the base class, and watch no more."""
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As the base class. Pieces of a head alone are no progress: it has to come as a whole in its time."""
        super().data_received(data)
        if not self._is_between_requests():
            self._moved_at = self.loop.time()

    def on_response_complete(self) -> None:
        """As the base class; the time for the next head begins."""
        self._moved_at = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """As the base class; the time for the client to take something begins."""
        self._moved_at = self.loop.time()
        super().pause_writing()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """As the base class, and watch no more."""
        self._stop_watching()
        super().handle_websocket_upgrade(event)

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
