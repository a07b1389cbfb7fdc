"""A small HTTP server whose answers a test writes as it likes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.standins.connections import serving

Respond = Callable[["Asked", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Asked:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def http_server(respond: Respond) -> AsyncIterator[int]:
    """Serve on a free port of 127.0.0.1, one request a connection; gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ")
        await respond(Asked(method, path, headers, body), writer)
        await writer.drain()

    async with serving(serve) as port:
        yield port


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer in one piece."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
