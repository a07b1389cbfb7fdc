"""HTTP/1.1 by httptools, which takes a fraction of h11's processor time, with h11's limit to a request's head."""

from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES: Final = 64 * 1024
"""Of a request's line and headers. httptools has no limit of its own and would keep any number."""


class EngineHttpProtocol(HttpToolsProtocol):
    """Pass it to uvicorn as ``http``."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_in_body = False
        self._heads = 0
        """Those that have ended."""
        self._head_bytes = 0
        """What has come of the next one."""

    def data_received(self, data: bytes) -> None:
        """As the base class; closes the connection on a head that is too long."""
        was_in_body, heads = self._is_in_body, self._heads
        super().data_received(data)
        is_of_head = not was_in_body and self._heads == heads
        self._head_bytes = self._head_bytes + len(data) if is_of_head else 0
        if self._head_bytes > MOST_HEAD_BYTES:
            self.transport.abort()

    def on_headers_complete(self) -> None:
        """As the base class; the head has ended."""
        super().on_headers_complete()
        self._heads += 1
        self._is_in_body = True

    def on_message_complete(self) -> None:
        """As the base class; the next head may begin."""
        super().on_message_complete()
        self._is_in_body = False
