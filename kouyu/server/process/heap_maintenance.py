"""Keeps the memory of a server that runs for weeks where it was after its first minutes.

- **Ended sessions.** A session is a web of objects that refer to one another (ours, Litestar's, uvicorn's), with its
  audio in the middle. Python's collector finds such a web in a full pass alone, and puts that off until a quarter of
  all objects are new; with the third of a million that engines bring, hundreds of sessions wait for it.
- **A full pass** stops everything, and over all of those objects takes 100 ms of the processor. So what is there when
  the server is ready is set aside, and a pass takes 1 ms, and 4 ms with twelve sessions.
- **Memory that is free** stays with the process, in the allocator's reserves. Here its pages go back to the system:
  some 60 MiB after the loading of the engines, and later what a rush of work has left.
"""

import asyncio
import contextlib
import ctypes
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final

from kouyu.server.access.sessions import Sessions

PERIOD_S: Final = 5.0
"""From the end of a session to the pass that frees it, at the most."""

MOST_OF_THE_TIME: Final = 0.001
"""Share of the time that passes may take: with very many sessions they come less often."""

MANY_OBJECTS: Final = 50_000
OBJECTS_OF_A_SESSION: Final = 2_000
"""Some 500, and what is on its way."""

RETURNED_EVERY_S: Final = 60.0
"""Returning pages costs 2 ms of a thread's time, and what work goes on has to ask for some of them again."""


@contextlib.asynccontextmanager
async def maintained_heap(sessions: Sessions, *, period_s: float = PERIOD_S) -> AsyncIterator[None]:
    """While the block runs, free what ended sessions leave behind. What is there now is taken to stay."""
    with _set_aside():
        await asyncio.to_thread(return_free_memory)
        task = asyncio.create_task(_tidy(sessions, period_s), name="tidying")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})


def return_free_memory() -> None:
    """Give the system back the pages on which nothing is in use. Blocking. Without glibc nothing is done."""
    if _TRIM is not None:
        _TRIM(0)


def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or Windows
        return None
    return trim


_TRIM: Final = _trim()


@contextlib.contextmanager
def _set_aside() -> Iterator[None]:
    """The collector does not look at what is there now while the block runs."""
    _set_all_aside()
    try:
        yield
    finally:
        gc.unfreeze()


def _set_all_aside() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    # It takes what the last full pass left for all there is, and is to know that this is almost nothing now.
    gc.collect()


class _Aside:
    """Sets aside, later too, what comes to stay: some engines load while the server is already ready."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._has_sessions = False

    def after_a_pass(self) -> bool:
        """Set aside what is far too much to be of sessions; those that run are among it until nobody is there.

        Gives whether there was so much.
        """
        if len(gc.get_objects()) <= MANY_OBJECTS + OBJECTS_OF_A_SESSION * self._sessions.running:
            return False
        gc.freeze()
        self._has_sessions = True
        return True

    def let_sessions_go(self) -> None:
        """The long pass that frees those, at a time when it keeps nobody waiting."""
        if self._has_sessions and not self._sessions.running:
            self._has_sessions = False
            _set_all_aside()


async def _tidy(sessions: Sessions, period_s: float) -> None:
    aside = _Aside(sessions)
    ended, returned_at, owed, pause = sessions.ended, time.monotonic(), False, period_s
    while True:
        await asyncio.sleep(pause)
        aside.let_sessions_go()
        if sessions.ended != ended:
            ended, owed = sessions.ended, True
            # Of the processor: while others have it, a short pass may last for seconds.
            began = time.thread_time()
            gc.collect()
            took_s = time.thread_time() - began
            # The next pass is a short one again where what made this one long has been set aside.
            pause = period_s if aside.after_a_pass() else max(period_s, took_s / MOST_OF_THE_TIME)
        if owed and time.monotonic() - returned_at >= RETURNED_EVERY_S:
            returned_at, owed = time.monotonic(), False
            await asyncio.to_thread(return_free_memory)
