"""Ends work whose client has gone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


async def ends_before_client(work: asyncio.Task[Any], receive: Callable[[], Awaitable[Any]]) -> bool:
    """Wait until ``work`` has ended. False if the client disconnected before, which cancels it.

    ``receive`` is that of ASGI; the body of the request must have been read.
    """
    leaving = asyncio.create_task(_left(receive), name="hanging up")
    try:
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return work.done()
    finally:
        for task in (work, leaving):
            task.cancel()
        await asyncio.wait({work, leaving})


async def _left(receive: Callable[[], Awaitable[Any]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
