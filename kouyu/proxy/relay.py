"""Relays the connection of one client.

Requests and answers are taken apart and put together by h11, which keeps the spelling and order of headers. Two headers
are changed: ``Host``, which names the upstream server, and ``Accept-Encoding``, which loses the codings that the
recorder cannot undo; a ``Content-Length`` beside a ``Transfer-Encoding`` is left out. From an accepted WebSocket
handshake on, bytes are relayed as they come (so frames, pings, compression and close codes stay as they are), and the
recorder gets a copy behind the relayed ones.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

import h11

from kouyu.cassettes.events import compact
from kouyu.cassettes.format import Sender
from kouyu.cassettes.http_events import READ_BYTES, next_event
from kouyu.cassettes.secrets import Secrets
from kouyu.cassettes.writing import CassetteWriter
from kouyu.domain.errors import INTERNAL
from kouyu.proxy.exchange_recorder import READABLE_CODINGS, ExchangeRecorder
from kouyu.proxy.socket_recorder import SocketRecorder, recorded_socket
from kouyu.proxy.upstream import Upstream, Upstreams

log = logging.getLogger(__name__)

_LAST_WORDS_S: Final = 10.0
"""Time in seconds for one side of a WebSocket to end, once the other has."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Recording:
    """What all connections of a proxy share."""

    def __init__(
        self, upstreams: Upstreams, writer: CassetteWriter, secrets: Secrets, clock: Callable[[], float]
    ) -> None:
        """``clock`` is in seconds; the recording begins now."""
        self.upstreams = upstreams
        self.writer = writer
        self.secrets = secrets
        self.clock = clock
        self.began_at = clock()

    def at(self) -> float:
        """Seconds since the recording began."""
        return self.clock() - self.began_at


async def relay(recording: Recording, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Relay a client's requests until it leaves. Raises OSError."""
    connection = _ClientConnection(recording, (reader, writer))
    try:
        await connection.serve()
    finally:
        await connection.close()


class _ClientConnection:
    """A client's connection, and that to the upstream server that its last request was relayed on."""

    def __init__(self, recording: Recording, client: Streams) -> None:
        self._recording = recording
        self._client = client
        self._http = h11.Connection(h11.SERVER)
        self._upstream: Upstream | None = None
        self._server: Streams | None = None
        self._server_http = h11.Connection(h11.CLIENT)

    async def serve(self) -> None:
        while True:
            try:
                request = await next_event(self._http, self._client[0])
                if not isinstance(request, h11.Request):
                    return
                await self._request(request)
            except h11.RemoteProtocolError as fault:
                await self._refuse(fault.error_status_hint, str(fault))
                return
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def close(self) -> None:
        if self._server is not None:
            await _close(self._server[1])

    async def _request(self, request: h11.Request) -> None:
        if request.method == b"CONNECT":
            await self._refuse(405, "it stands in the server's place: give the app its address as that of the server")
            return
        is_socket = "websocket" in _lower(request, b"upgrade")
        upstream = self._recording.upstreams.sockets if is_socket else self._recording.upstreams.requests
        try:
            server = await self._connected(upstream)
        except OSError as fault:
            log.warning("%s cannot be reached: %s", upstream.host_header, fault)
            await self._refuse(502, f"{upstream.host_header} cannot be reached: {fault}")
            return
        recorder = ExchangeRecorder(self._recording.writer, self._recording.secrets, request, self._recording.at())
        sent = _for_upstream(request, upstream)
        server[1].write(self._server_http.send(sent) or b"")
        sending = asyncio.create_task(self._send_body(server[1], recorder))
        answering = asyncio.create_task(self._answer(server, request, recorder, sending))
        watching = asyncio.create_task(self._has_left(sending))
        try:
            await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done() and watching.result():
                return
            switched = await answering
        finally:
            for task in (watching, answering, sending):
                task.cancel()
            await asyncio.gather(watching, answering, sending, return_exceptions=True)
        if switched is not None:
            await self._relay_socket(server, switched)

    async def _has_left(self, sending: asyncio.Task[None]) -> bool:
        """Whether the client ends its connection, and does not send more, once its request was sent.

        Raises h11.RemoteProtocolError for a request that breaks off or cannot be read, OSError.
        """
        with contextlib.suppress(OSError):  # the server may answer, and take no more of the request
            await sending
        data = await self._client[0].read(READ_BYTES)
        if data:
            self._http.receive_data(data)
        return not data

    async def _connected(self, upstream: Upstream) -> Streams:
        """A connection to the server, kept from request to request as long as both sides keep it."""
        if self._server is not None and self._upstream == upstream and self._server_http.our_state is h11.DONE:
            with contextlib.suppress(h11.LocalProtocolError):
                self._server_http.start_next_cycle()
                if not self._server[0].at_eof():
                    return self._server
        if self._server is not None:
            await _close(self._server[1])
        self._server = await self._recording.upstreams.connect(upstream)
        self._server_http, self._upstream = h11.Connection(h11.CLIENT), upstream
        return self._server

    async def _send_body(self, to: asyncio.StreamWriter, recorder: ExchangeRecorder) -> None:
        while True:
            event = await next_event(self._http, self._client[0])
            if not isinstance(event, h11.Data | h11.EndOfMessage):
                return
            to.write(self._server_http.send(event) or b"")
            await to.drain()
            if isinstance(event, h11.EndOfMessage):
                return
            recorder.request_data(bytes(event.data))

    async def _answer(
        self, server: Streams, request: h11.Request, recorder: ExchangeRecorder, sending: asyncio.Task[None]
    ) -> SocketRecorder | bool | None:
        """Relay the answer; gives the recorder of the WebSocket that the connection has become, False if it has none,
        and None if it stays HTTP."""
        to = self._client[1]
        while True:
            try:
                event = await next_event(self._server_http, server[0])
            except h11.RemoteProtocolError as fault:
                await self._refuse(502, f"the server's answer cannot be read: {fault}")
                return None
            if isinstance(event, h11.ConnectionClosed):
                await self._refuse(502, "the server ended the connection without an answer")
                return None
            if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                await sending
                to.write(self._http.send(event) or b"")
                recording = self._recording
                made = recorded_socket(recording.writer, recording.secrets, request, event, recording.clock)
                return made or False
            if isinstance(event, h11.Response):
                recorder.answer_head(event, self._recording.at())
            elif isinstance(event, h11.Data):
                recorder.answer_data(bytes(event.data), self._recording.at())
            if isinstance(event, h11.Response | h11.InformationalResponse | h11.Data | h11.EndOfMessage):
                to.write(self._http.send(event) or b"")
                await to.drain()
            if isinstance(event, h11.EndOfMessage):
                _finish(recorder)
                return None

    async def _relay_socket(self, server: Streams, recorder: SocketRecorder | bool) -> None:
        made = recorder if isinstance(recorder, SocketRecorder) else None
        pumps = {
            asyncio.create_task(_pump(self._client[0], server[1], "client", made, self._http.trailing_data[0])),
            asyncio.create_task(_pump(server[0], self._client[1], "server", made, self._server_http.trailing_data[0])),
        }
        try:
            _, open_ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(open_ or pumps, timeout=_LAST_WORDS_S)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            if made is not None:
                made.close()

    async def _refuse(self, status: int, reason: str) -> None:
        if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        content = compact({"code": INTERNAL, "msg": f"kouyu proxy: {reason}"}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content))), ("Connection", "close")]
        to = self._client[1]
        to.write(self._http.send(h11.Response(status_code=status, headers=headers)) or b"")
        to.write(self._http.send(h11.Data(data=content)) or b"")
        to.write(self._http.send(h11.EndOfMessage()) or b"")
        await to.drain()


def _finish(recorder: ExchangeRecorder) -> None:
    try:
        recorder.finish()
    except OSError as fault:
        log.error("a request is relayed and not recorded: %s", fault)


async def _pump(
    source: asyncio.StreamReader,
    to: asyncio.StreamWriter,
    sender: Sender,
    recorder: SocketRecorder | None,
    read_ahead: bytes,
) -> None:
    """Relay one direction of a WebSocket until it ends, then end the other side's connection."""
    data = read_ahead
    with contextlib.suppress(OSError):
        while data or (data := await source.read(READ_BYTES)):
            to.write(data)
            if recorder is not None:
                recorder.feed(sender, data)
            await to.drain()
            data = b""
    if recorder is not None:
        recorder.lost(sender)
    await _close(to)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _for_upstream(request: h11.Request, upstream: Upstream) -> h11.Request:
    given = request.headers.raw_items()
    if any(name.lower() == b"transfer-encoding" for name, _ in given):  # which goes before (RFC 9112, 6.3)
        given = [(name, value) for name, value in given if name.lower() != b"content-length"]
    headers = [(name, _header(name, value, upstream)) for name, value in given]
    target = upstream.prefix.encode() + request.target
    return h11.Request(method=request.method, target=target, headers=headers)


def _header(name: bytes, value: bytes, upstream: Upstream) -> bytes:
    match name.lower():
        case b"host":
            return upstream.host_header.encode()
        case b"accept-encoding":
            codings = [each.strip() for each in value.decode("latin-1").split(",")]
            kept = [each for each in codings if each.partition(";")[0].strip().lower() in READABLE_CODINGS]
            return ", ".join(kept or ["identity"]).encode("latin-1")
        case _:
            return value


def _lower(request: h11.Request, name: bytes) -> str:
    return b",".join(value for given, value in request.headers if given == name).decode("latin-1").lower()
