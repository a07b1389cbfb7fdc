"""Work ends when its client has gone."""

import asyncio
from typing import Any

import pytest
from litestar.exceptions import HTTPException

from kouyu.server.openai_api.hanging_up import unless_hung_up


class Asking:
    """A request whose client leaves when it is told to."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}


async def test_what_the_work_returns_and_raises_is_passed_on() -> None:
    async def works() -> int:
        return 7

    async def fails() -> None:
        raise ZeroDivisionError

    request: Any = Asking()
    assert await unless_hung_up(request, works()) == 7
    with pytest.raises(ZeroDivisionError):
        await unless_hung_up(request, fails())


async def test_the_work_is_cancelled_and_has_ended_when_its_client_has_gone() -> None:
    request: Any = Asking()
    ended = False

    async def endless() -> None:
        nonlocal ended
        try:
            request.leaves.set()
            await asyncio.Event().wait()
        finally:
            ended = True

    with pytest.raises(HTTPException) as told:
        await unless_hung_up(request, endless())
    assert told.value.status_code == 499
    assert ended


async def test_the_work_is_cancelled_with_whoever_waits_for_it() -> None:
    request: Any = Asking()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.create_task(unless_hung_up(request, endless()))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()
