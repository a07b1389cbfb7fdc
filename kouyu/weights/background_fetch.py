"""Fetches a weight set beside a running server, in a process of its own: nothing of it can disturb the server."""

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec

from kouyu.weights import fetching_process
from kouyu.weights.errors import FetchFailed
from kouyu.weights.fetching_process import Advanced, Done, Failed, Order, Report, Waiting
from kouyu.weights.weight_set import WeightSet
from kouyu.workers.child_program import child_program

OnProgress = Callable[[int, int], None]
"""Called with the bytes that have arrived and those that are expected."""


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
    async with child_program(fetching_process.__name__) as (process, last_lines):
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
        raise FetchFailed(f"The process that fetches weights ended with status {code}. {await last_lines}".strip())
