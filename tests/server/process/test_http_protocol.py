"""Clients that stop in the middle of HTTP are not waited for without end."""

import asyncio
import socket

import pytest
from websockets.asyncio.client import connect

from kouyu.server.process import http_protocol
from tests.server.conftest import Running, until

STALL_S = 0.1
ASKING = b"GET /docs/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "LONGEST_STALL_S", STALL_S)


@pytest.mark.parametrize(
    "begun",
    [
        "",
        "GET /health HTTP/1.1\r\nHost: loc",
        "POST /v1/kouyu/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{",
        "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost: loc",
    ],
    ids=["nothing", "half a head", "half a body", "half a second head"],
)
async def test_a_client_that_stops_in_the_middle_of_a_request_is_disconnected(server: Running, begun: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(begun.encode())
    async with asyncio.timeout(10):
        try:
            while await reader.read(1000):
                pass
        except ConnectionResetError:
            pass
    writer.close()


async def test_a_client_that_does_not_read_its_answers_is_disconnected(server: Running) -> None:
    async def ask_without_end(deaf: socket.socket) -> None:
        while True:
            await asyncio.get_running_loop().sock_sendall(deaf, ASKING)
            await asyncio.sleep(0.001)

    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", server.port))
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(ask_without_end(deaf), 20)


async def test_a_conversation_may_be_silent_for_as_long_as_it_likes(server: Running) -> None:
    async with connect(server.url(), additional_headers=server.header) as client:
        await client.recv()
        await asyncio.sleep(3 * STALL_S)
        await client.send("still here")
        assert await client.recv() == "still here"
    await until(lambda: not server.sessions.running)
