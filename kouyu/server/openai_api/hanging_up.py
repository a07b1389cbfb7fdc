"""Stops work whose client has gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from litestar import Request
from litestar.exceptions import HTTPException

from kouyu.serving.hanging_up import ends_before_client

T = TypeVar("T")

_CLIENT_CLOSED_REQUEST = 499


async def unless_hung_up(request: Request[Any, Any, Any], work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` returns, and raise what it raises; cancel it when the client disconnects.

    The body of the request must have been read.
    """
    working = asyncio.create_task(work, name="request")
    if await ends_before_client(working, request.receive):
        return working.result()
    raise HTTPException(status_code=_CLIENT_CLOSED_REQUEST, detail="the client disconnected")
