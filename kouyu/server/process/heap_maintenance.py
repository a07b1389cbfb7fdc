"""Garbage collection for a server that runs for weeks: frees ended sessions soon, with short pauses.

- **Ended sessions.** A session is a cycle of objects (ours, Litestar's, uvicorn's) that holds its audio. Python frees
  such cycles in a full collection alone, and puts that off until a quarter of all objects are new; with the third of
  a million objects that engines allocate, hundreds of ended sessions would wait for it.
- **A full collection** stops the process, and over all of those objects takes 100 ms of CPU time. So the heap is frozen
  (``gc.freeze``) when the server is ready; a collection then takes 1 ms, and 4 ms with twelve sessions.
- **Free memory** stays in the allocator's arenas. Here its pages are returned to the system: some 60 MiB after the
  engines are loaded, and later what a burst of work leaves behind.
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
"""Longest time from the end of a session to the collection that frees it, in seconds."""

MOST_OF_THE_TIME: Final = 0.001
"""Share of the time that collections may take: with very many sessions they run less often."""

MANY_ENDED: Final = 12
"""Ended sessions that are freed at once, whatever share of the time that takes: freeing one costs up to 1 ms, and the
more wait, the longer the pass holds the event loop."""

LOOKED_EVERY_S: Final = 0.5

MANY_OBJECTS: Final = 50_000
OBJECTS_OF_A_SESSION: Final = 2_000
"""A session has some 500, plus those in flight."""

RETURNED_EVERY_S: Final = 60.0
"""Returning pages costs 2 ms of a thread's time, and running work has to request some of them again."""


@contextlib.asynccontextmanager
async def maintained_heap(sessions: Sessions, *, period_s: float = PERIOD_S) -> AsyncIterator[None]:
    """Free the memory of ended sessions while the block runs. Objects that exist now are frozen, as permanent."""
    with _set_aside():
        await asyncio.to_thread(return_free_memory)
        task = asyncio.create_task(_tidy(sessions, period_s), name="tidying")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})


def return_free_memory() -> None:
    """Return unused pages to the system (glibc's ``malloc_trim``). Blocking. Does nothing without glibc."""
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
    """Freeze the present heap while the block runs, so that the collector skips it."""
    _set_all_aside()
    try:
        yield
    finally:
        gc.unfreeze()


def _set_all_aside() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    # The collector compares with what its last full pass left; this pass tells it that this is almost nothing now.
    gc.collect()


class _Aside:
    """Freezes permanent objects again later: some engines load after the server is ready."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._has_sessions = False

    def after_a_pass(self) -> bool:
        """Freeze the heap if it is larger than live sessions explain, and return whether it was.

        Running sessions are frozen with it, until no session runs.
        """
        if len(gc.get_objects()) <= MANY_OBJECTS + OBJECTS_OF_A_SESSION * self._sessions.running:
            return False
        gc.freeze()
        self._has_sessions = True
        return True

    def let_sessions_go(self) -> None:
        """Unfreeze and collect the sessions frozen so, while no session runs that the long pause would hold up."""
        if self._has_sessions and not self._sessions.running:
            self._has_sessions = False
            _set_all_aside()


async def _tidy(sessions: Sessions, period_s: float) -> None:
    aside = _Aside(sessions)
    ended, returned_at, owed, pause = sessions.ended, time.monotonic(), False, period_s
    while True:
        await _ended_or_paused(sessions, ended, pause)
        aside.let_sessions_go()
        if sessions.ended != ended:
            ended, owed = sessions.ended, True
            # CPU time: on a busy machine a short pass may last for seconds of wall time.
            began = time.thread_time()
            gc.collect()
            took_s = time.thread_time() - began
            await asyncio.sleep(0)
            # If the objects that made this pass long are frozen now, the next one is short again.
            pause = period_s if aside.after_a_pass() else max(period_s, took_s / MOST_OF_THE_TIME)
        if owed and time.monotonic() - returned_at >= RETURNED_EVERY_S:
            returned_at, owed = time.monotonic(), False
            await asyncio.to_thread(return_free_memory)


async def _ended_or_paused(sessions: Sessions, ended: int, pause_s: float) -> None:
    """Wait for ``pause_s``, or until MANY_ENDED sessions have ended since there were ``ended`` of them."""
    until = time.monotonic() + pause_s
    while sessions.ended - ended < MANY_ENDED and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110 - a count
        await asyncio.sleep(min(left, LOOKED_EVERY_S))
