"""Memory of ended sessions is freed, in short collections."""

import asyncio
import gc
import os
import sys
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from kouyu.bench.process_usage import usage
from kouyu.server.access.sessions import Sessions
from kouyu.server.process.heap_maintenance import MANY_ENDED, maintained_heap, return_free_memory
from kouyu.serving.socket import SocketClosed, Take
from tests.server.conftest import until


class Web:
    """Refers to itself, as a session does."""

    def __init__(self) -> None:
        self.itself = self


class NoSocket:
    """The key of a session."""

    said_goodbye = False

    async def receive(self, take: Take | None = None) -> str:
        """Nobody is there."""
        raise SocketClosed

    async def send(self, text: str) -> None:
        """Nobody hears it."""

    async def close(self, code: int, reason: str) -> None:
        """It is."""


@pytest.fixture
def no_passes_by_themselves() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_passes_by_themselves")
async def test_what_an_ended_session_leaves_is_freed() -> None:
    sessions = Sessions(1)
    webs: list[weakref.ref[Web]] = []

    async def session() -> None:
        webs.append(weakref.ref(Web()))

    async with maintained_heap(sessions, period_s=0.01):
        await sessions.run(NoSocket(), session())
        await until(lambda: webs[0]() is None)


async def test_objects_that_existed_before_are_skipped_by_the_collector() -> None:
    before = [[number] for number in range(1000)]
    known = {id(one) for one in before}
    async with maintained_heap(Sessions(1)):
        assert not any(id(one) in known for one in gc.get_objects())
    assert sum(id(one) in known for one in gc.get_objects()) == len(before)


@pytest.mark.usefixtures("no_passes_by_themselves")
async def test_what_was_loaded_later_is_set_aside_too_and_no_session_stays_with_it() -> None:
    sessions = Sessions(2)
    webs: list[weakref.ref[Web]] = []
    leave = asyncio.Event()

    async def long_session() -> None:
        web = Web()
        webs.append(weakref.ref(web))
        await leave.wait()

    async def short_session() -> None:
        pass

    async with maintained_heap(sessions, period_s=0.01):
        long = asyncio.create_task(sessions.run(NoSocket(), long_session()))
        loaded = [[number] for number in range(60_000)]
        await sessions.run(NoSocket(), short_session())
        await until(lambda: len(gc.get_objects()) < len(loaded))
        leave.set()
        await long
        await until(lambda: webs[0]() is None)
        assert len(gc.get_objects()) < len(loaded)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc")
def test_free_memory_below_memory_in_use_is_returned_to_the_system() -> None:
    pieces = [np.ones(64 * 1024, np.uint8) for _ in range(1600)]
    last = pieces[-1]
    del pieces
    before = usage(os.getpid()).own_private_mib
    return_free_memory()
    assert before - usage(os.getpid()).own_private_mib > 50
    assert last.all()


@pytest.mark.usefixtures("no_passes_by_themselves")
async def test_many_ended_sessions_are_freed_before_the_period_is_over() -> None:
    sessions = Sessions(1)
    webs: list[weakref.ref[Web]] = []

    async def session() -> None:
        webs.append(weakref.ref(Web()))

    async with maintained_heap(sessions, period_s=3600):
        for _ in range(MANY_ENDED):
            await sessions.run(NoSocket(), session())
        await until(lambda: all(web() is None for web in webs))
