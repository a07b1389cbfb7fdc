"""Stops work whose client has gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from litestar import Request
from litestar.exceptions import HTTPException

T = TypeVar("T")

_CLIENT_CLOSED_REQUEST = 499


async def unless_hung_up(request: Request[Any, Any, Any], work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` returns, and raise what it raises; cancel it when the client disconnects.

    The body of the request must have been read.
    """
    working = asyncio.create_task(work, name="request")
    leaving = asyncio.create_task(_left(request), name="hanging up")
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise HTTPException(status_code=_CLIENT_CLOSED_REQUEST, detail="the client disconnected")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.wait({working, leaving})


async def _left(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
