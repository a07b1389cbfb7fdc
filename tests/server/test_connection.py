"""How connections live and end: over plain HTTP and TLS, with clients that vanish, stall or fail."""

import asyncio
import contextlib
import socket
import ssl

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from kouyu.server.process.tcp_listeners import ListenError, bind
from kouyu.server.process.websocket_protocol import READ_AHEAD, READ_AHEAD_BYTES
from kouyu.serving.socket import Socket, SocketClosed
from tests.server.conftest import Running, Start, until


async def test_both_ports_carry_a_conversation(server: Running) -> None:
    secure = f"wss://localhost:{server.https_port}/v1/chat"
    for url, tls in ((server.url(), None), (secure, server.trusting())):
        async with connect(url, additional_headers=server.header, ssl=tls) as client:
            await client.recv()
            await client.send("hello")
            assert await client.recv() == "hello"


async def test_a_client_that_does_not_trust_the_authority_refuses(server: Running) -> None:
    distrusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    distrusting.verify_mode = ssl.CERT_REQUIRED
    with pytest.raises(ssl.SSLCertVerificationError):
        await connect(f"wss://localhost:{server.https_port}/v1/chat", ssl=distrusting)


async def test_nothing_follows_the_tls_handshake_that_a_client_would_read_while_it_writes(server: Running) -> None:
    reader, writer = await asyncio.open_connection("localhost", server.https_port, ssl=server.trusting())
    writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    tls = writer.get_extra_info("ssl_object")
    writer.close()
    await writer.wait_closed()
    assert tls.version() == "TLSv1.3"
    assert not tls.session.has_ticket


async def test_no_compression_and_no_subprotocol_is_agreed(server: Running) -> None:
    async with connect(server.url(), additional_headers=server.header, compression="deflate") as client:
        assert client.subprotocol is None
        assert client.response is not None
        assert "Sec-WebSocket-Extensions" not in client.response.headers


async def test_a_whole_audio_file_fits_into_one_message(server: Running) -> None:
    async with connect(server.url(), additional_headers=server.header, max_size=None) as client:
        await client.recv()
        await client.send("x" * 5_000_000)
        assert len(await client.recv()) == 5_000_000


async def test_long_and_short_messages_arrive_in_order_however_many_wait(server: Running) -> None:
    sizes = [1, READ_AHEAD_BYTES + 1, 2, 3 * READ_AHEAD_BYTES, *range(3, 3 + 3 * READ_AHEAD), READ_AHEAD_BYTES]
    async with connect(server.url(), additional_headers=server.header, max_size=None) as client:
        await client.recv()
        for size in sizes:
            await client.send("x" * size)
        async with asyncio.timeout(20):
            assert [len(await client.recv()) for _ in sizes] == sizes


async def test_binary_messages_arrive_like_text(server: Running) -> None:
    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
        await client.send("你好".encode())
        assert await client.recv() == "你好"


async def test_a_session_that_fails_closes_with_1011_and_takes_nothing_with_it(server: Running) -> None:
    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
        await client.send("fail")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1011
    async with connect(server.url(), additional_headers=server.header) as client:
        assert await client.recv()


async def test_a_client_that_drops_the_connection_ends_its_session(server: Running) -> None:
    client = await connect(server.url(), additional_headers=server.header)
    await client.recv()
    client.transport.abort()
    await until(lambda: not server.sessions.running)


class Pinged(ClientConnection):
    """Counts what the server pings."""

    pings = 0

    def process_event(self, event: Event) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pings += 1
        super().process_event(event)


async def test_the_server_pings(start: Start) -> None:
    server = await start(ping_interval_s=0.05)
    opening = connect(server.url(), additional_headers=server.header, ping_interval=None, create_connection=Pinged)
    async with opening as client:
        assert isinstance(client, Pinged)
        await client.recv()
        await until(lambda: client.pings >= 3)
        await client.send("still here")
        assert await client.recv() == "still here"


async def test_a_client_that_stops_reading_is_cut_off_by_the_ping_limit(start: Start) -> None:
    async def talk_without_end(socket: Socket, **_: object) -> None:
        with contextlib.suppress(SocketClosed):
            while True:
                await socket.send("x" * 100_000)

    server = await start(run_session=talk_without_end, ping_interval_s=0.2, ping_timeout_s=0.2)
    with socket.create_connection(("127.0.0.1", server.port)) as stalled:
        request = (
            f"GET /v1/chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.token}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        stalled.sendall(request.encode())
        await until(lambda: server.sessions.running == 1)
        await until(lambda: not server.sessions.running)


async def test_stopping_closes_sessions_with_1001_and_lets_no_one_in(server: Running) -> None:
    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
        await server.sessions.end(close_s=1, drain_s=1)
        assert server.sessions.running == 0
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1001


async def test_who_waits_for_the_end_of_a_session_no_longer_finds_it_among_the_running(server: Running) -> None:
    async def running_after(tasks: set[asyncio.Task[None]]) -> int:
        await asyncio.wait(tasks)
        return server.sessions.running

    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
        waiting = asyncio.create_task(running_after(server.sessions.tasks))
    assert await waiting == 0


async def test_stopping_cancels_a_session_that_does_not_end(start: Start) -> None:
    cancelled = asyncio.Event()

    async def stuck(socket: Socket, **_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    server = await start(run_session=stuck)
    async with connect(server.url(), additional_headers=server.header):
        await until(lambda: server.sessions.running == 1)
        await server.sessions.end(close_s=0.2, drain_s=0.1)
    assert cancelled.is_set()


def test_an_address_of_another_machine_is_reported() -> None:
    with pytest.raises(ListenError, match=r"203\.0\.113\.9: this machine has no such address; .*--host"):
        bind("203.0.113.9", 0, "--port")
