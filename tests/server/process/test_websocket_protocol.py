"""What the WebSocket protocol does below the messages: handshakes, fragments, pings, text that is none."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from kouyu.server.access.direct_messages import EXTENSION, DirectMessages
from kouyu.server.process.websocket_protocol import READ_AHEAD, WebSocketProtocol
from tests.server.conftest import Running

HANDSHAKE = """{method} /v1/chat HTTP/1.1
Host: localhost
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
{more}
"""


@pytest.mark.parametrize(
    ("method", "more"), [("POST", "Content-Length: 0\n"), ("GET", f"X: {'x' * 20_000}\n")], ids=["method", "header"]
)
async def test_a_handshake_that_cannot_be_read_is_refused(server: Running, method: str, more: str) -> None:
    answer = await server.raw(HANDSHAKE.format(method=method, more=more))
    assert answer.startswith("HTTP/1.1 400 ")
    assert "X-Tt-Logid: " in answer


async def test_a_handshake_that_says_that_it_has_no_body_is_taken(server: Running) -> None:
    """Java's own client (java.net.http) says so."""
    async with connect(server.url(), additional_headers={**server.header, "Content-Length": "0"}) as client:
        assert await client.recv()


@pytest.mark.parametrize("pieces", [["one ", "", "two ", "", "three"], ["", "one two three"]])
async def test_a_message_in_fragments_arrives_as_one(server: Running, pieces: list[str]) -> None:
    async def fragments(kind: type[str] | type[bytes]) -> AsyncIterator[str | bytes]:
        for piece in pieces:
            yield piece if kind is str else piece.encode()

    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
        for kind in (str, bytes, str):
            await client.send(fragments(kind))
            assert await client.recv() == "".join(pieces)


async def test_text_that_is_no_utf_8_closes_with_1007_and_is_no_fault_of_the_server(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
        await client.send(b"\xff\xfe", text=True)
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1007
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


class _Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def get_extra_info(self, name: str) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def _nothing(_message: object) -> None: ...


async def _accept(_scope: object, receive: object, send: object) -> None:
    await send({"type": "websocket.accept"})  # type: ignore[operator]
    while (await receive())["type"] != "websocket.disconnect":  # type: ignore[operator]
        pass


def _opened(transport: _Transport, app: Any = _accept, more: bytes = b"") -> WebSocketProtocol:
    """A protocol that has been sent a handshake, and the bytes behind it."""
    config = uvicorn.Config(app, ws=WebSocketProtocol, log_config=None)
    config.load()
    protocol = WebSocketProtocol(config=config, server_state=ServerState(), app_state={})
    protocol.connection_made(transport)  # type: ignore[arg-type]
    protocol.data_received(HANDSHAKE.format(method="GET", more="").replace("\n", "\r\n").encode() + more)
    return protocol


async def _connected(
    transport: _Transport, app: Any = _accept, more: bytes = b""
) -> tuple[WebSocketProtocol, asyncio.Task[None]]:
    """A protocol after its handshake, and the application's task."""
    protocol = _opened(transport, app, more)
    (task,) = protocol.tasks
    while not protocol.handshake_complete:  # noqa: ASYNC110 - set by the application's own task
        await asyncio.sleep(0)
    return protocol, task


async def _end(protocol: WebSocketProtocol, task: asyncio.Task[None]) -> None:
    protocol.queue.put_nowait({"type": "websocket.disconnect", "code": 1005, "reason": ""})
    protocol.stop_keepalive()
    await task


def _frame(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


PIECES = {
    "text": _frame(Opcode.TEXT, b"{}"),
    "no UTF-8": _frame(Opcode.TEXT, b"\xff"),
    "the beginning of a text": _frame(Opcode.TEXT, b"\xff", fin=False),
    "a continuation": _frame(Opcode.CONT, b"a"),
    "ping": _frame(Opcode.PING, b"x"),
    "close": _frame(Opcode.CLOSE, b"\x03\xe8"),
    "close without UTF-8": _frame(Opcode.CLOSE, b"\x03\xe8\xff"),
    "not masked": _frame(Opcode.TEXT, b"{}", mask=False),
    "no such opcode": b"\x83\x80\0\0\0\0",
    "endless": b"\x81\xff\x7f" + b"\xff" * 7 + b"\0" * 4,
}


@pytest.mark.parametrize("answered", [True, False], ids=["after the handshake", "before its answer"])
@pytest.mark.parametrize("end", ["lost", "eof", "the server stops"])
async def test_no_order_of_violations_and_ends_is_a_fault_of_the_server(
    answered: bool, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    for names in [*itertools.product(PIECES, repeat=2), *((name, "close", "ping") for name in PIECES)]:
        for chunks in ([PIECES[name] for name in names], [b"".join(PIECES[name] for name in names)]):
            await _end_after(chunks, answered=answered, end=end)
            faults = [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]
            assert not faults, names


async def _end_after(chunks: list[bytes], *, answered: bool, end: str) -> None:
    """A connection on which this comes, and that then ends. Raises what the protocol raises."""
    transport = _Transport()
    protocol = _opened(transport)
    (task,) = protocol.tasks
    while answered and not protocol.handshake_complete:  # noqa: ASYNC110 - set by the application's own task
        await asyncio.sleep(0)
    for chunk in chunks:
        if not transport.closed:
            protocol.data_received(chunk)
    if end == "eof":
        protocol.eof_received()
    elif end == "the server stops":
        protocol.shutdown()
    await asyncio.sleep(0)
    protocol.connection_lost(None)
    await asyncio.wait({task})


@pytest.mark.parametrize("piece", ["close", "no UTF-8", "no such opcode"])
async def test_frames_that_come_before_the_answer_end_the_connection_alone(
    server: Running, piece: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    more = f"Authorization: Bearer {server.token}\n"
    writer.write(HANDSHAKE.format(method="GET", more=more).replace("\n", "\r\n").encode())
    await asyncio.sleep(0.001)  # the token is being looked up
    writer.write(PIECES[piece])
    await reader.read()
    writer.close()
    await writer.wait_closed()
    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def test_pongs_do_not_pile_up_for_a_client_that_does_not_read() -> None:
    transport = _Transport()
    protocol, task = await _connected(transport)

    def ping(text: bytes) -> None:
        protocol.data_received(Frame(Opcode.PING, text).serialize(mask=True))

    ping(b"first")
    assert transport.written.endswith(Frame(Opcode.PONG, b"first").serialize(mask=False))
    transport.written = b""
    protocol.pause_writing()
    for number in range(100):
        ping(b"%d" % number)
    assert transport.written == b""
    protocol.resume_writing()
    assert transport.written == Frame(Opcode.PONG, b"99").serialize(mask=False)
    await _end(protocol, task)


async def test_a_client_whose_messages_are_not_read_is_not_closed_for_missing_pongs() -> None:
    transport = _Transport()
    listens = asyncio.Event()

    async def slow(scope: object, receive: object, send: object) -> None:
        await send({"type": "websocket.accept"})  # type: ignore[operator]
        await listens.wait()
        await _accept(scope, receive, _nothing)

    protocol, task = await _connected(transport, slow)
    for _ in range(READ_AHEAD + 1):
        protocol.data_received(Frame(Opcode.TEXT, b"{}").serialize(mask=True))
    protocol.send_keepalive_ping()
    for _ in range(3):
        protocol.keepalive_timeout()
    closed_before = transport.closed
    listens.set()
    while protocol.read_paused:  # noqa: ASYNC110 - set by the application's own task
        await asyncio.sleep(0)
    protocol.keepalive_timeout()
    assert (closed_before, transport.closed) == (False, True)
    await _end(protocol, task)


async def test_a_client_that_sends_something_has_as_long_again_for_its_pong() -> None:
    transport = _Transport()
    protocol, task = await _connected(transport)
    protocol.send_keepalive_ping()
    protocol.data_received(Frame(Opcode.TEXT, b"{}").serialize(mask=True))
    protocol.keepalive_timeout()
    closed_before = transport.closed
    protocol.keepalive_timeout()
    assert (closed_before, transport.closed) == (False, True)
    await _end(protocol, task)


async def test_messages_are_taken_in_as_they_arrive_only_while_the_application_waits() -> None:
    taken: list[bytes] = []
    received: list[str] = []
    may_read = asyncio.Event()

    def take(message: str | bytes) -> bool:
        assert isinstance(message, bytes)
        if message.startswith(b"audio"):
            taken.append(message)
        return message.startswith(b"audio")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        direct: DirectMessages = scope["extensions"][EXTENSION]
        await send({"type": "websocket.accept"})
        await receive()
        await may_read.wait()
        while True:
            direct.take = take
            message = await receive()
            direct.take = None
            if message["type"] == "websocket.disconnect":
                return
            received.append(message["text"])

    protocol, task = await _connected(_Transport(), app)
    protocol.data_received(_frame(Opcode.TEXT, b"audio 1"))  # nothing takes it: it waits
    may_read.set()
    while not received:  # noqa: ASYNC110 - received by the application's own task
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    for message in ("audio 2", "other 1", "audio 3", "audio ä", "other 2"):
        protocol.data_received(_frame(Opcode.TEXT, message.encode()))
        if message == "other 1":
            continue  # it waits, and so must the next one
        for _ in range(5):
            await asyncio.sleep(0)
    assert taken == [b"audio 2"]
    assert received == ["audio 1", "other 1", "audio 3", "audio ä", "other 2"]
    protocol.data_received(_frame(Opcode.TEXT, b"audio 4"))
    assert taken == [b"audio 2", b"audio 4"]
    await _end(protocol, task)


STREAM = [
    *(_frame(Opcode.TEXT, f"audio {number}".encode() + b"." * 200 * number) for number in range(3)),
    _frame(Opcode.PING, b"x"),
    _frame(Opcode.TEXT, "audio ä".encode()),
    _frame(Opcode.TEXT, b"audio in ", fin=False),
    _frame(Opcode.PING, b"y"),
    _frame(Opcode.CONT, b"pieces"),
    _frame(Opcode.TEXT, b"other"),
    _frame(Opcode.BINARY, b"audio in bytes"),
    _frame(Opcode.TEXT, b"audio" * 20_000),
    _frame(Opcode.TEXT, b""),
    _frame(Opcode.TEXT, b"audio at the end"),
]


@pytest.mark.parametrize("size", [1, 7, 64, 300, 70_000, 10**6])
@pytest.mark.parametrize("rest", [0, 5], ids=["a handshake alone", "a handshake with more behind it"])
async def test_messages_stay_in_order_however_their_bytes_are_cut(size: int, rest: int) -> None:
    seen: list[str | bytes] = []

    def take(message: str | bytes) -> bool:
        is_audio = bytes(message).startswith(b"audio") if isinstance(message, bytes) else False
        if is_audio:
            seen.append(message)
        return is_audio

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await receive()
        while True:
            scope["extensions"][EXTENSION].take = take
            message = await receive()
            scope["extensions"][EXTENSION].take = None
            if message["type"] == "websocket.disconnect":
                return
            seen.append(message["text"] if message.get("text") is not None else message["bytes"])

    stream = b"".join(STREAM)
    protocol, task = await _connected(_Transport(), app, more=stream[:rest])
    for start in range(rest, len(stream), size):
        protocol.data_received(stream[start : start + size])
        for _ in range(3 if size > 1 else 1):
            await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    texts = [one.decode() if isinstance(one, bytes) else one for one in seen]
    numbered = [f"audio {number}" + "." * 200 * number for number in range(3)]
    last = ["other", "audio in bytes", "audio" * 20_000, "", "audio at the end"]
    assert texts == [*numbered, "audio ä", "audio in pieces", *last]
    await _end(protocol, task)


async def test_a_whole_frame_that_is_taken_in_does_not_reach_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol, task = await _connected(_Transport())
    await asyncio.sleep(0)
    extensions: Any = protocol.scope["extensions"]
    extensions[EXTENSION].take = lambda message: message == b"audio"
    monkeypatch.setattr(protocol.conn, "receive_data", lambda data: pytest.fail("parsed"))
    protocol.data_received(_frame(Opcode.TEXT, b"audio") * 2)
    monkeypatch.undo()
    await _end(protocol, task)
