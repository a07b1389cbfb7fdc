"""The ASGI application of an engine process: work in, answers out.

It has no state beyond its engines, so that it runs under any ASGI server: that of `kouyu engines`, or Ray Serve. A
client that hangs up cancels its work.
"""

import asyncio
import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import aclosing, suppress
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final, TypeAlias

import msgspec
from prometheus_client.exposition import choose_encoder

from kouyu.engine_server.held_audio import AudioUnknown, HeldAudio
from kouyu.engine_server.metrics import EngineMetrics, Outcome
from kouyu.engine_server.served_engines import ServedEngines
from kouyu.engine_server.work import EngineWork, NotServed
from kouyu.engines.errors import EngineError, EngineOverloaded
from kouyu.engines.remote import wire
from kouyu.engines.remote.wire import Failure, RemoteKind
from kouyu.engines.work import Priority, WorkCancelled
from kouyu.serving.hanging_up import ends_before_client

log = logging.getLogger(__name__)

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of the body of a request: half an hour of audio."""
RETRY_AFTER_S: Final = 1
CANCELLED_S: Final = 0.5
"""Time for the clients of cancelled work to get their answer."""
STOPS: Final = "this process stops"
JSON: Final = (b"content-type", b"application/json")
MSGPACK: Final = (b"content-type", b"application/msgpack")
SPEECH: Final = (b"content-type", b"application/octet-stream")

_KIND_OF: Final = {path: kind for kind, path in wire.PATHS.items()}


class _HungUp(Exception):
    """The client has closed the connection before its request was complete."""


class EngineApp:
    """The application. Under `kouyu engines`, ``stop`` ends it; elsewhere its requests are simply cancelled."""

    def __init__(self, engines: ServedEngines, *, token: str = "") -> None:
        """``token``: what clients have to know; empty: they need none."""
        self._engines = engines
        self._token = token.encode()
        self._held = HeldAudio()
        self._work = EngineWork(engines, self._held)
        self._running = 0
        self._tasks: set[asyncio.Task[Outcome]] = set()
        self._stopping = False
        self._all_done = asyncio.Event()
        self._process = secrets.token_hex(8)
        self._metrics = EngineMetrics(engines.scheduler, lambda: self._held.bytes, lambda: self._running)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            return await _live(receive, send)
        if scope["type"] != "http":
            return None
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        method: str = scope["method"]
        match method, path:
            case "GET" | "HEAD", "/health":
                return await self._say(send, HTTPStatus.OK, {"status": "ok", "version": version("kouyu")})
            case "GET" | "HEAD", "/ready":
                return await self._ready(send)
        if not self._admits(scope["headers"]):
            return await self._fail(send, HTTPStatus.UNAUTHORIZED, "the token is wrong")
        match method, path:
            case "GET", wire.DESCRIPTION_PATH:
                return await self._describe(send)
            case "GET", "/metrics":
                return await self._show_metrics(scope, send)
            case "POST", _ if path in _KIND_OF:
                return await self._serve(_KIND_OF[path], scope, receive, send)
        return await self._fail(send, HTTPStatus.NOT_FOUND, f"there is no {method} {path}")

    async def stop(self, limit_s: float) -> None:
        """Begin no further work, and wait until what runs is done. After ``limit_s`` seconds it is cancelled."""
        self._stopping = True
        for seconds in (limit_s, CANCELLED_S):
            if self._running:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._all_done.wait(), seconds)
            for task in self._tasks:
                task.cancel()

    async def _serve(self, kind: RemoteKind, scope: Message, receive: Receive, send: Send) -> None:
        """Do the work of a request, unless its client hangs up."""
        self._running += 1
        began = time.monotonic()
        outcome: Outcome = "cancelled"
        try:
            body = await _body(receive)
            self._metrics.received.inc(len(body))
            work = asyncio.create_task(self._outcome(kind, scope, body, send), name=f"engine-{kind}")
            self._tasks.add(work)
            work.add_done_callback(self._tasks.discard)
            if await ends_before_client(work, receive):
                outcome = work.result() if not work.cancelled() else await self._refuse(send)
        except _HungUp:
            pass
        except ValueError as error:
            outcome = "invalid"
            await self._fail(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
        finally:
            self._running -= 1
            self._metrics.requests.labels(kind, outcome).inc()
            self._metrics.seconds.labels(kind).observe(time.monotonic() - began)
            if self._stopping and not self._running:
                self._all_done.set()

    async def _outcome(self, kind: RemoteKind, scope: Message, body: bytes, send: Send) -> Outcome:
        """Answer with the result of the work, or say why there is none."""
        priority = wire.priority_of(_header(scope["headers"], wire.PRIORITY.encode()).decode("latin-1"))
        if priority is None:
            await self._fail(send, HTTPStatus.BAD_REQUEST, f"{wire.PRIORITY}: allowed: {', '.join(wire.PRIORITIES)}")
            return "invalid"
        try:
            if self._stopping:
                return await self._refuse(send)
            if kind == "tts":
                return await self._speak(body, priority, send)
            answer = await self._work.answer(kind, body, priority)
        except AudioUnknown:
            await self._fail(send, HTTPStatus.CONFLICT, "the beginning of this audio is not known here")
            return "audio_unknown"
        except NotServed as error:
            await self._fail(send, HTTPStatus.NOT_FOUND, str(error))
            return "invalid"
        except WorkCancelled:
            return await self._refuse(send)
        except EngineOverloaded as error:
            return await self._refuse(send, str(error))
        except EngineError as error:
            await self._fail(send, HTTPStatus.INTERNAL_SERVER_ERROR, str(error), retryable=error.retryable)
            return "failed"
        except (msgspec.DecodeError, ValueError) as error:
            await self._fail(send, HTTPStatus.BAD_REQUEST, str(error))
            return "invalid"
        except Exception:  # the boundary to an engine: only this request is lost
            log.exception("unexpected error in an engine (%s)", kind)
            await self._fail(send, HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error")
            return "failed"
        await self._respond(send, HTTPStatus.OK, wire.encoded(answer), MSGPACK)
        return "done"

    async def _speak(self, body: bytes, priority: Priority, send: Send) -> Outcome:
        """Stream speech. Raises what the engine raises before its first piece; later failures end the stream."""
        async with aclosing(self._work.spoken(body, priority)) as pieces:
            first = await anext(pieces, None)
            await send(_start(HTTPStatus.OK, [SPEECH, *self._load()]))
            outcome: Outcome = "done"
            end = wire.last_frame()
            try:
                if first is not None:
                    await send(_part(wire.frame_of(first), more=True))
                async for piece in pieces:
                    await send(_part(wire.frame_of(piece), more=True))
            except EngineError as error:
                outcome, end = "failed", wire.last_frame(Failure(str(error), error.retryable))
            await send(_part(end))
        return outcome

    async def _refuse(self, send: Send, why: str = STOPS) -> Outcome:
        await self._fail(send, HTTPStatus.SERVICE_UNAVAILABLE, why, retryable=True)
        return "refused"

    async def _ready(self, send: Send) -> None:
        cause = STOPS if self._stopping else ""
        status = HTTPStatus.SERVICE_UNAVAILABLE if cause else HTTPStatus.OK
        await self._say(send, status, {"status": cause or "ready", "kinds": self._engines.kinds})

    async def _describe(self, send: Send) -> None:
        if self._stopping:
            return await self._fail(send, HTTPStatus.SERVICE_UNAVAILABLE, STOPS, retryable=True)
        return await self._say(
            send,
            HTTPStatus.OK,
            wire.Description(
                version=wire.VERSION,
                kinds=self._engines.kinds,
                process=self._process,
                workers=self._engines.scheduler.workers,
                voices=self._engines.voices,
                encoder=self._engines.encoder,
            ),
        )

    async def _show_metrics(self, scope: Message, send: Send) -> None:
        encode, media_type = choose_encoder(_header(scope["headers"], b"accept").decode("latin-1"))
        content_type = (b"content-type", media_type.encode())
        await self._respond(send, HTTPStatus.OK, encode(self._metrics.registry), content_type)

    async def _say(self, send: Send, status: HTTPStatus, what: Any) -> None:
        await self._respond(send, status, msgspec.json.encode(what), JSON)

    async def _fail(self, send: Send, status: HTTPStatus, error: str, *, retryable: bool = False) -> None:
        await self._respond(send, status, wire.encoded(Failure(error, retryable)), MSGPACK)

    async def _respond(self, send: Send, status: HTTPStatus, body: bytes, content_type: Header) -> None:
        headers = [content_type, (b"content-length", str(len(body)).encode()), *self._load()]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
        await send(_start(status, headers))
        await send(_part(body))

    def _load(self) -> list[Header]:
        load = self._engines.scheduler.load
        return [
            (wire.PROCESS.encode(), self._process.encode()),
            (wire.OLDEST_WAIT.encode(), f"{1000 * load.oldest_wait:.0f}".encode()),
            (wire.OLDEST_URGENT_WAIT.encode(), f"{1000 * load.oldest_urgent_wait:.0f}".encode()),
        ]

    def _admits(self, headers: list[Header]) -> bool:
        return not self._token or hmac.compare_digest(_header(headers, b"authorization"), b"Bearer " + self._token)


async def _body(receive: Receive) -> bytes:
    """The whole body of a request. Raises _HungUp, and ValueError if it is longer than MOST_BYTES."""
    parts, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _HungUp
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > MOST_BYTES:
            raise ValueError(f"a request has at most {MOST_BYTES} bytes")
        if not message.get("more_body", False):
            return b"".join(parts)


async def _live(receive: Receive, send: Send) -> None:
    """The lifespan of an ASGI server: the engines are loaded already, and their owner closes them."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _header(headers: list[Header], name: bytes) -> bytes:
    return next((value for key, value in headers if key == name), b"")


def _start(status: HTTPStatus, headers: list[Header]) -> Message:
    return {"type": "http.response.start", "status": int(status), "headers": headers}


def _part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
