"""Fetches a weight set beside a running server, in a process of its own: nothing of it can disturb the server."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import msgspec

from kouyu.weights import fetching_process
from kouyu.weights.errors import FetchFailed
from kouyu.weights.fetching_process import Advanced, Done, Failed, Order, Report, Waiting
from kouyu.weights.weight_set import WeightSet

OnProgress = Callable[[int, int], None]
"""Called with the bytes that have arrived and those that are expected."""

_LAST_WORDS: Final = 5


class BackgroundFetch(Protocol):
    """Fetches a weight set without blocking the event loop."""

    async def __call__(self, weight_set: WeightSet, on_progress: OnProgress) -> None:
        """Return when the set is in the cache. Cancelling ends the fetch; what has arrived is kept. Raises
        FetchFailed."""


def background_fetch(mirror: str) -> BackgroundFetch:
    """Fetch in processes of their own; ``mirror`` is the base URL of a mirror of Hugging Face, or ""."""

    async def fetch(weight_set: WeightSet, on_progress: OnProgress) -> None:
        try:
            await _fetch(Order(weight_set, mirror), on_progress)
        except (OSError, msgspec.DecodeError) as error:
            raise FetchFailed(f"The process that fetches weights failed: {error}") from error

    return fetch


async def _fetch(order: Order, on_progress: OnProgress) -> None:
    async with _process() as (process, last_words):
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(ConnectionError):
            process.stdin.write(msgspec.json.encode(order) + b"\n")
            await process.stdin.drain()
        async for line in process.stdout:
            report: Report = msgspec.json.decode(line, type=Report)
            match report:
                case Advanced(arrived, expected):
                    on_progress(arrived, expected)
                case Failed(text, lasting):
                    raise FetchFailed(text, lasting=lasting)
                case Done():
                    return
                case Waiting():
                    pass
        code = await process.wait()
        raise FetchFailed(f"The process that fetches weights ended with status {code}. {await last_words}".strip())


@asynccontextmanager
async def _process() -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.Task[str]]]:
    """Yield the process, and a task that returns its last lines of error output once it is dead. Ends it on exit."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", fetching_process.__name__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # A session of its own: Ctrl-C at the terminal does not reach it, and all of it can be ended together.
        start_new_session=True,
    )
    last_words = asyncio.create_task(_last_lines(process.stderr))
    try:
        yield process, last_words
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await last_words
        await process.communicate()


async def _last_lines(stream: asyncio.StreamReader | None) -> str:
    lines: deque[str] = deque(maxlen=_LAST_WORDS)
    assert stream is not None
    async for line in stream:
        lines.append(line.decode(errors="replace").strip())
    return " ".join(lines)
