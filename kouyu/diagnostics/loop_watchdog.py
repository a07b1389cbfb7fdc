"""Detects a blocked event loop: one slow callback delays everything else, the audio of all sessions included.

A thread schedules a callback on the loop and, if it does not run in time, records the stack of the loop's thread. The
log gets names of functions and line numbers, never a value, which may be a user's speech.
"""

import asyncio
import contextlib
import logging
import math
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from types import FrameType
from typing import Final

import msgspec

log = logging.getLogger(__name__)

HELD_S: Final = 0.1
"""A longer block, in seconds, is always detected. A block of half this length may be, depending on when the watchdog
last polled."""
TOLD_ONCE_IN_S: Final = 60.0
"""Shortest time in seconds between two log lines for the same place; every block is counted."""
_STILL_HELD_S: Final = 1.0
"""A block this long (in seconds) is logged before it has ended, since the process may be killed."""
_STEP_S: Final = 0.005
_FRAMES: Final = 15
_WAITED: Final = "; the rest it waited, for the disk or because other programs keep the processors busy"


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """How often the loop was blocked, and for how long at most, in ms."""

    count: int = 0
    longest_ms: float = 0.0


class LoopWatchdog:
    """Watches the running loop while ``watching`` is entered. ``held_s``: as HELD_S."""

    def __init__(self, *, held_s: float = HELD_S) -> None:
        self.holds = Holds()
        self._period_s = held_s / 2
        self._stopping = False
        self._answered = True
        self._told: dict[str, float] = {}
        """When each place was last logged, by ``time.monotonic``."""

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch while the block runs. Enter it once, from the loop to be watched."""
        loop, watched = asyncio.get_running_loop(), threading.get_ident()
        thread = threading.Thread(target=self._watch, args=(loop, watched), name="loop-watchdog", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping = True
            # On a thread: the watchdog may be waiting for a callback on this loop.
            await asyncio.to_thread(thread.join)

    def _answer(self) -> None:
        self._answered = True

    def _watch(self, loop: asyncio.AbstractEventLoop, watched: int) -> None:
        while not self._stopping:
            self._answered = False
            asked, busy = time.monotonic(), _processor_time(watched)
            try:
                loop.call_soon_threadsafe(self._answer)
            except RuntimeError:  # the loop is closed
                return
            # Sleep and a flag cost half of what an Event does, twenty times a second.
            time.sleep(self._period_s)
            if not self._answered:
                self._wait_out(asked, busy, watched)

    def _wait_out(self, asked: float, busy: float, watched: int) -> None:
        """Record where the loop is blocked, and wait until it runs again."""
        places = tuple(_places(sys._current_frames().get(watched)))
        is_new = self._is_new(places)
        long_hold_at = asked + _STILL_HELD_S if is_new else math.inf
        while not self._answered and not self._stopping:
            if time.monotonic() >= long_hold_at:
                long_hold_at = math.inf
                log.warning("the event loop has been blocked for more than %.0f s, at %s", _STILL_HELD_S, _line(places))
            time.sleep(_STEP_S)
        held_ms = 1000 * (time.monotonic() - asked)
        busy_ms = 1000 * (_processor_time(watched) - busy)
        self.holds = Holds(count=self.holds.count + 1, longest_ms=round(max(self.holds.longest_ms, held_ms), 1))
        if is_new:
            log.warning(
                "the event loop was blocked for %.0f ms (%.0f ms of CPU time%s), at %s",
                held_ms,
                busy_ms,
                _WAITED if sys.platform == "linux" and busy_ms < held_ms / 2 else "",
                _line(places),
            )

    def _is_new(self, places: tuple[str, ...]) -> bool:
        now, innermost = time.monotonic(), places[0] if places else ""
        told = self._told.get(innermost)
        if told is not None and now - told < TOLD_ONCE_IN_S:
            return False
        self._told[innermost] = now
        return True


def _places(frame: FrameType | None) -> Iterator[str]:
    """A thread's stack as ``module:line function``, innermost first."""
    for _ in range(_FRAMES):
        if frame is None:
            return
        yield f"{frame.f_globals.get('__name__', '?')}:{frame.f_lineno} {frame.f_code.co_qualname}"
        frame = frame.f_back


def _line(places: tuple[str, ...]) -> str:
    return " < ".join(places)


def _processor_time(thread: int) -> float:
    """CPU time of a thread in seconds; 0 on systems that do not report it (Linux does)."""
    if sys.platform != "linux":
        return 0.0
    return time.clock_gettime(time.pthread_getcpuclockid(thread))
