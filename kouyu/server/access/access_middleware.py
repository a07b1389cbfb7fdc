"""ASGI middleware around the whole application. Applies to every request, whatever its outcome:

- a log id, on every answer as ``X-Tt-Logid``, spelled exactly so (websocket.md 1.7), and as ``x-request-id``, where
  OpenAI's clients look for it; and in ``scope["state"]``;
- ``//v1/chat`` is served as ``/v1/chat`` (websocket.md 1.1: a base URL with a trailing slash);
- one log line, without the query string, which may hold a token;
- HEAD is answered like GET, without the body;
- a refused WebSocket handshake gets an HTTP answer with a JSON body, not uvicorn's bare 403.
"""

import logging
import re
import time
from typing import Any, cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from kouyu.domain.ids import new_log_id
from kouyu.server.access.error_bodies import error_body, error_code
from kouyu.serving.log_context import LogMessage, begin_log_context

LOG_ID_HEADER = "X-Tt-Logid"
REQUEST_ID_HEADER = "x-request-id"

log = logging.getLogger("kouyu.server.access")

_SLASHES = re.compile("/{2,}")


class AccessMiddleware:
    """An ASGI application around ``app``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope["path"] = _SLASHES.sub("/", scope["path"])
        method = scope.get("method", "WebSocket")
        if method == "HEAD":
            # Litestar makes no HEAD handlers. uvicorn looks at the method it parsed itself, and sends no body.
            scope = cast("Scope", {**scope, "method": "GET"})
        log_id = new_log_id()
        scope.setdefault("state", {})["log_id"] = log_id
        client = (scope["client"] or ("?", 0))[0]
        begin_log_context(log_id, client)
        answer = _Answer(scope, send, log_id)
        started = time.monotonic()
        try:
            await self._app(scope, receive, answer.send)
        finally:
            # The path is the client's to choose: quoted, so that it cannot forge a line.
            took_ms = (time.monotonic() - started) * 1000
            log.info(_Access(client, str(method), scope["path"], answer.status, round(took_ms, 1), log_id))


class _Access(LogMessage, frozen=True):
    """The log line of a request or connection."""

    client: str
    method: str
    path: str
    status: int
    """0: there was no answer."""
    took_ms: float
    log_id: str

    def __str__(self) -> str:
        status = self.status or "no answer"
        return f"{self.client} {self.method} {self.path!r} {status} in {self.took_ms:.0f} ms, log id {self.log_id}"


class _Answer:
    """What goes back on one request."""

    def __init__(self, scope: Scope, send: Send, log_id: str) -> None:
        self._scope = scope
        self._send = send
        self._log_id = log_id
        self.status = 0

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "http.response.start" | "websocket.http.response.start":
                self.status = message["status"]
                message = self._with_log_id(message)
            case "websocket.accept":
                self.status = 101
                message = self._with_log_id(message)
            case "websocket.close" if not self.status:
                await self._refuse(message)
                return
            case _:
                pass
        await self._send(message)

    def _with_log_id(self, message: Any) -> Any:
        log_id = self._log_id.encode()
        own = ((LOG_ID_HEADER.encode(), log_id), (REQUEST_ID_HEADER.encode(), log_id))
        return {**message, "headers": [*message.get("headers", ()), *own]}

    async def _refuse(self, message: Any) -> None:
        # Litestar's close code does not say which, but only an unknown path has no handler.
        status = 500 if "route_handler" in self._scope else 404
        await refuse_handshake(self.send, status, error_code(status), message.get("reason") or "refused", self._log_id)


async def refuse_handshake(
    send: Any, status: int, code: int, msg: str, log_id: str, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    """Answer a WebSocket handshake that was not accepted with an HTTP status and the JSON error body."""
    await answer_handshake(send, status, error_body(code, msg, log_id), headers)


async def answer_handshake(send: Any, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    """Answer a WebSocket handshake that was not accepted with an HTTP status and this JSON."""
    start = {
        "type": "websocket.http.response.start",
        "status": status,
        "headers": [(b"content-type", b"application/json"), *headers],
    }
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})
