"""Serves a played cassette on a port."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

from kouyu.player.http_connection import serve_http
from kouyu.player.played_cassette import PlayedCassette


@contextlib.asynccontextmanager
async def listening(
    played: PlayedCassette, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve in the background of a block; gives the port. At its end all connections are closed.

    Raises OSError if the port cannot be used.
    """
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(_serve(played, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, host, port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        ended = tuple(tasks)
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)


async def _serve(played: PlayedCassette, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(OSError):
            await serve_http(played, reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
