"""Many clients come, talk and go: what is left of them."""

import asyncio
import functools
import gc
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from kouyu.audio.pcm import bytes_from_float
from kouyu.bench.stub_engines import open_stub_services
from kouyu.client.voice_client import open_client
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.server.process.websocket_protocol import WebSocketProtocol
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store
from tests.server.conftest import Running, Start, until

AT_ONCE = 25
ROUNDS = 3
QUESTION = {"role": "user", "content_type": "text", "content": "What is the capital of France?"}
KEPT_BY_OTHERS = ("weakref.ReferenceType", "asyncio.events.TimerHandle", "_contextvars.Context", "logging.LogRecord")
"""sqlite3 keeps up to 200 references to closed cursors, asyncio up to 100 cancelled timers, pytest what is logged."""
MICROPHONE = bytes_from_float(np.random.default_rng(1).normal(0, 0.001, SPEECH_RATE // 5).astype(np.float32))

pytestmark = pytest.mark.models


@pytest.fixture
def what_was_there_before_does_not_count() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
async def talking_server(start: Start, tmp_path: Path) -> AsyncIterator[Running]:
    folder = tmp_path / "talk"
    folder.mkdir()
    async with (
        await Store.open(folder / "kouyu.db", files_folder=folder / "files") as store,
        open_stub_services(Settings(), store) as services,
    ):
        yield await start(functools.partial(run_session, services=services), max_sessions=AT_ONCE)


async def talk(server: Running) -> None:
    async with open_client(f"http://127.0.0.1:{server.port}", server.token) as client:
        await client.stream(MICROPHONE, faster=10)
        await client.send("conversation.message.create", QUESTION)
        async for event in client.events():
            if event.type == "conversation.chat.completed":
                break


@pytest.fixture
def nothing_is_logged() -> Iterator[None]:
    """pytest would keep a record of each session, with its dictionary, where another test has configured the log."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def census() -> Counter[str]:
    """Python's containers of this test, by type."""
    gc.collect()
    found = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    for name in KEPT_BY_OTHERS:
        found.pop(name, None)
    return found


async def a_round(server: Running) -> None:
    """AT_ONCE clients come, talk and go."""
    await asyncio.gather(*(talk(server) for _ in range(AT_ONCE)))
    connection = f"{WebSocketProtocol.__module__}.{WebSocketProtocol.__qualname__}"
    await until(lambda: not server.sessions.running)
    await until(lambda: census()[connection] == 0)


@pytest.mark.usefixtures("what_was_there_before_does_not_count", "nothing_is_logged")
async def test_sessions_leave_nothing_behind(talking_server: Running) -> None:
    await a_round(talking_server)
    first, tasks = census(), len(asyncio.all_tasks())
    for _ in range(ROUNDS):
        await a_round(talking_server)
    # Caches and the last batches of the writer hold a few; what a session leaves is there once for each, at least.
    left = {name: count for name, count in (census() - first).items() if count >= AT_ONCE * ROUNDS}
    assert not left
    assert len(asyncio.all_tasks()) <= tasks
