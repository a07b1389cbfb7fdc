"""Connections that wait for a further request."""

import asyncio
import re

from tests.server.conftest import Running


async def test_an_idle_connection_is_kept_for_longer_than_clients_keep_it(server: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for pause_s in (5.5, 0):  # httpx keeps one for 5 s
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(10):
            assert b" 200 " in await reader.readline()
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            assert length is not None
            await reader.readexactly(int(length[1]))
        await asyncio.sleep(pause_s)
    writer.close()
