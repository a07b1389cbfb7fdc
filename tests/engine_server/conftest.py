"""Remote engines in front of processes with scripted engines."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeAlias

import pytest

from kouyu.assembly.engine_loading import load_engine
from kouyu.engines.declaration import Kind
from kouyu.engines.pressure import EnginesElsewhere
from kouyu.engines.remote.options import RemoteOptions
from kouyu.engines.scheduler import Scheduler
from kouyu.settings.all_settings import EngineSettings

Connect: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Loads a remote engine of a kind, as a server does, and closes it after the test."""
    async with AsyncExitStack() as stack:
        scheduler = Scheduler(1)
        stack.push_async_callback(scheduler.close)

        async def connected(kind: Kind, *urls: str, elsewhere: EnginesElsewhere | None = None, **options: Any) -> Any:
            given = RemoteOptions(urls=urls, **{"start_s": 0, "answer_s": 60.0, **options})
            engines = EngineSettings(options={"remote": given})
            engine = await load_engine(kind, "remote", engines, scheduler, elsewhere)
            stack.push_async_callback(engine.close)
            return engine

        yield connected


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
