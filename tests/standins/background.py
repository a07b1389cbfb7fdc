"""Stand-in servers on an event loop in a thread, for servers that outlive one test."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def in_background(open_stand_in: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """A stand-in, running for the length of a block."""
    ready = threading.Event()
    held: list[tuple[T, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        async with open_stand_in() as stand_in:
            over = asyncio.Event()
            held.append((stand_in, asyncio.get_running_loop(), over))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    ready.wait()
    stand_in, loop, over = held[0]
    try:
        yield stand_in
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
