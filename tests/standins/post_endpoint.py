"""An HTTP server on a thread of its own that answers every POST with what a function makes of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

from tests.standins.background import in_background
from tests.standins.connections import serving
from tests.standins.http_requests import read_request

AnswerPost: TypeAlias = Callable[[str, bytes], bytes]
"""From the content type and the body of a request to the body of its answer. It is called for whole requests alone,
one after the other, in the order in which they have come."""


@contextmanager
def post_endpoint(answer: AnswerPost, may_answer: Callable[[], bool] = lambda: True) -> Iterator[str]:
    """Serve on a free port for the length of a block; gives the base URL. Answers wait until ``may_answer``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await read_request(reader)) is not None:
            body = answer(request.headers["content-type"], request.body)
            while not may_answer():  # noqa: ASYNC110 - set by the test's thread
                await asyncio.sleep(0.005)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()

    @asynccontextmanager
    async def endpoint() -> AsyncIterator[str]:
        async with serving(serve) as port:
            yield f"http://127.0.0.1:{port}/v1"

    with in_background(endpoint) as base_url:
        yield base_url
