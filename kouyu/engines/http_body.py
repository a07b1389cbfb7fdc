"""Reads the bodies of other servers' HTTP answers in bounded steps."""

import asyncio
from collections.abc import AsyncGenerator

import httpx


class UnreadableBody(httpx.DecodingError):
    """The body is compressed, or longer than allowed."""


def refuse_compressed(response: httpx.Response) -> None:
    """Raise UnreadableBody for an answer that is compressed, though its request asked for none of that."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnreadableBody(
            f"the answer is compressed ({encoding[:20]}), though that was not asked for", request=response.request
        )


async def body_pieces(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """The body as it arrives, in pieces of at most 64 KiB (what httpcore reads at once). Raises httpx.HTTPError.

    Other tasks run between two pieces: one read from the connection may hold thousands of short ones (chunks of HTTP's
    chunked encoding), and httpx gives all of these without a suspension. A compressed body is refused
    (UnreadableBody): 64 KiB of it may become 64 MiB. Requests must ask for none (``Accept-Encoding: identity``).
    """
    refuse_compressed(response)
    async for piece in response.aiter_raw():
        yield piece
        await asyncio.sleep(0)


async def whole_body(response: httpx.Response, most_bytes: int) -> bytes:
    """All of the body. Raises UnreadableBody for more than ``most_bytes``, and httpx.HTTPError."""
    body = bytearray()
    async for piece in body_pieces(response):
        body += piece
        if len(body) > most_bytes:
            raise UnreadableBody(f"the answer is larger than {most_bytes} bytes")
    return bytes(body)
