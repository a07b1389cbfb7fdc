"""The bodies of other servers' answers, against a real connection."""

import asyncio
import gzip
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from kouyu.engines.http_body import UnreadableBody, body_pieces, whole_body
from tests.agents.http_server import Asked, http_server, whole


@asynccontextmanager
async def response_of(answer: bytes) -> AsyncIterator[httpx.Response]:
    async def respond(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    async with (
        http_server(respond) as port,
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", f"http://127.0.0.1:{port}/") as response,
    ):
        yield response


async def test_others_run_between_pieces_that_came_together() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    chunks = b"1\r\nx\r\n" * 500 + b"0\r\n\r\n"
    async with response_of(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks) as response:
        counting = asyncio.create_task(count())
        at_each_piece = [turns async for _ in body_pieces(response)]
        counting.cancel()
    assert len(at_each_piece) == 500
    assert all(later > earlier for earlier, later in itertools.pairwise(at_each_piece))


async def test_a_compressed_body_is_refused() -> None:
    async with response_of(whole(gzip.compress(bytes(1_000_000)), "content-encoding: gzip")) as response:
        with pytest.raises(UnreadableBody, match="compressed"):
            await whole_body(response, 10_000_000)


async def test_a_body_is_read_up_to_its_limit() -> None:
    async with response_of(whole(b"x" * 1000)) as response:
        assert await whole_body(response, 1000) == b"x" * 1000
    async with response_of(whole(b"x" * 1000)) as response:
        with pytest.raises(UnreadableBody, match="larger than 999 bytes"):
            await whole_body(response, 999)
