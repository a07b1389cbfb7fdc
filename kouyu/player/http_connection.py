"""One connection of a client to a player: requests with recorded answers, until it becomes a WebSocket."""

import asyncio
from typing import Final

import h11
import msgspec

from kouyu.cassettes.comparison import carry_over
from kouyu.cassettes.differences import Difference
from kouyu.cassettes.events import compact
from kouyu.cassettes.format import Body, Exchange
from kouyu.cassettes.http_events import next_event
from kouyu.domain.errors import NOT_FOUND
from kouyu.player.played_cassette import PlayedCassette
from kouyu.player.socket_connection import serve_socket

_LARGEST_BODY: Final = 512 * 1024 * 1024
"""That of the largest upload that the service takes."""
_ANY_ORIGIN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "*",
    "Access-Control-Allow-Headers": "*, Authorization",
}


async def serve_http(played: PlayedCassette, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a client's requests until it leaves. Raises OSError."""
    http = h11.Connection(h11.SERVER)
    try:
        while (request := await _next(http, reader)) is not None:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
            if "websocket" in headers.get("upgrade", "").lower():
                await serve_socket(played, reader, writer, request, http.trailing_data[0])
                return
            if http.they_are_waiting_for_100_continue:
                writer.write(http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            body = await _body(http, reader)
            await _answer(played, http, writer, request, headers, body)
            if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
                return
            http.start_next_cycle()
    except h11.RemoteProtocolError as fault:
        if http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            await _send(http, writer, fault.error_status_hint, {}, f"{fault}\n".encode())


async def _next(http: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    event = await next_event(http, reader)
    return event if isinstance(event, h11.Request) else None


async def _body(http: h11.Connection, reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        event = await next_event(http, reader)
        if not isinstance(event, h11.Data):
            return bytes(body)
        body += event.data
        if len(body) > _LARGEST_BODY:
            raise h11.RemoteProtocolError("the body is too large", error_status_hint=413)


async def _answer(
    played: PlayedCassette,
    http: h11.Connection,
    writer: asyncio.StreamWriter,
    request: h11.Request,
    headers: dict[str, str],
    body: bytes,
) -> None:
    method = request.method.decode("ascii")
    found = played.answers.answer(method, request.target.decode("latin-1"), headers, body)
    if isinstance(found, Exchange):
        await _send_recorded(played, http, writer, found)
    elif method == "OPTIONS":
        await _send(http, writer, 204, _ANY_ORIGIN, b"")
    else:
        await _refuse(played, http, writer, found)


async def _refuse(
    played: PlayedCassette, http: h11.Connection, writer: asyncio.StreamWriter, found: Difference
) -> None:
    played.differs(found)
    said = {"code": NOT_FOUND, "msg": f"the request is not in the cassette: {found}"}
    await _send(http, writer, 404, {"Content-Type": "application/json", **_ANY_ORIGIN}, compact(said).encode())


async def _send_recorded(
    played: PlayedCassette, http: h11.Connection, writer: asyncio.StreamWriter, exchange: Exchange
) -> None:
    body = exchange.answer_body
    if not body.pieces:
        await _send(http, writer, exchange.status, exchange.answer_headers, _content(played, body))
        return
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in exchange.answer_headers.items()]
    streamed = [*headers, (b"Transfer-Encoding", b"chunked")]
    writer.write(http.send(h11.Response(status_code=exchange.status, headers=streamed)) or b"")
    started_at = asyncio.get_running_loop().time()
    for at, text in body.pieces:
        if not played.fast:
            await asyncio.sleep(started_at + at - asyncio.get_running_loop().time())
        writer.write(http.send(h11.Data(data=text.encode())) or b"")
        await writer.drain()
    writer.write(http.send(h11.EndOfMessage()) or b"")
    await writer.drain()


def _content(played: PlayedCassette, body: Body) -> bytes:
    if body.file is not None:
        return played.cassette.answer_files[body.file]
    if body.text is not None:
        return body.text.encode()
    if body.json is msgspec.UNSET:
        return b""
    return compact(carry_over(body.json, played.answers.carried)).encode(errors="surrogatepass")


async def _send(
    http: h11.Connection, writer: asyncio.StreamWriter, status: int, headers: dict[str, str], content: bytes
) -> None:
    given = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if status != 204:
        given.append((b"Content-Length", str(len(content)).encode()))
    writer.write(http.send(h11.Response(status_code=status, headers=given)) or b"")
    writer.write(http.send(h11.Data(data=content)) or b"")
    writer.write(http.send(h11.EndOfMessage()) or b"")
    await writer.drain()
