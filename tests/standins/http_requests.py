"""What a client sent over HTTP/1.1, read from its connection."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class HttpRequest:
    """A request of which everything has come."""

    method: str
    target: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes


async def read_request(reader: asyncio.StreamReader, begun: bytes = b"") -> HttpRequest | None:
    """The next request, of which ``begun`` has been read; None at the end of the connection, also in mid-request."""
    try:
        head = (begun + await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = first.split(" ")
    return HttpRequest(method, target, headers, body)
