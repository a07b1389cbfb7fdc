"""Decides when this machine has too much to do to begin another conversation.

Three signals show that answers no longer come in time, each with its limit: the time of answers, how long urgent work
waits for a thread of the engines, and how late the event loop is. The load level is the largest quotient. Refusing
begins at level 1, and ends when the level has stayed below RELEASE for ``calm_s``, so that it does not flap.

These signals rise late and steeply, and a conversation adds load only when its user speaks, seconds after it has begun.
So a conversation is refused also where, with it, the machine would be too busy: its present use, which grows in
proportion to the conversations, is that of those that began more than SETTLING_S ago.

The first ALWAYS conversations are never refused, so that a slow machine still serves its user.
"""

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from kouyu.diagnostics.child_processes import ChildProcesses
from kouyu.diagnostics.machine_use import MachineUse
from kouyu.engines.pressure import EnginesElsewhere
from kouyu.engines.scheduler import Scheduler
from kouyu.serving.background import in_background

log = logging.getLogger(__name__)

ALWAYS: Final = 2
"""With fewer conversations than this, none is refused."""
RELEASE: Final = 0.7
SETTLING_S: Final = 30.0
"""Seconds after which the use of the machine includes that of a new conversation."""

_ANSWERS: Final = 64
"""The last answers that count,"""
_ANSWERS_S: Final = 30.0
"""if they are not older than this, in seconds;"""
_LEAST_ANSWERS: Final = 8
"""with fewer of them, answers tell nothing."""
_QUANTILE: Final = 0.75
_SAMPLE_S: Final = 0.25
_SMOOTHING_S: Final = 3.0
"""Time constant of the averages of waiting and lag."""
_BUSY_SMOOTHING_S: Final = 10.0
"""Time constant of the average of the use of the machine: about that of a turn."""
_BUSY_S: Final = 30.0
"""Of that average the largest of the last seconds counts: clients try again, and would get in at its lowest."""

_Limit = Annotated[float, Meta(ge=0)]


class OverloadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """[overload]: from when on new conversations are refused. 0 ignores a signal."""

    refuse: bool = True
    """False: the load is measured, and nobody is refused for it."""
    answer_s: _Limit = 1.5
    """A quarter of the answers take longer, from the end of the user's turn to their first audio. The time of models,
    flows and tools outside this server does not count."""
    queue_s: _Limit = 0.25
    """The urgent work that has waited longest for a thread of the engines has waited this long, on average."""
    loop_lag_s: _Limit = 0.1
    """The event loop is late by this much, on average."""
    busy: Annotated[float, Meta(ge=0, le=1)] = 0.8
    """With one conversation more, this share is in use of the engines' threads (by work that cannot be left out), of
    the event loop's time, or of the cores (by child processes, such as the language model's)."""
    calm_s: Annotated[float, Meta(gt=0)] = 10.0
    """New conversations begin again after the load has been well below the limits for this long."""


class Overload:
    """The load of one server. ``limits`` may be replaced at any time. ``clock`` is in seconds, and never goes back."""

    def __init__(self, limits: OverloadLimits | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits or OverloadLimits()
        self.child_processes = ChildProcesses()
        """Read while ``watching`` is entered."""
        self._clock = clock
        self._answers: deque[tuple[float, float]] = deque(maxlen=_ANSWERS)
        self._newcomers: deque[float] = deque()
        self._sampled_at: float | None = None
        self._waited_s = 0.0
        self._lag_s = 0.0
        self._busy = 0.0
        self._peaks: deque[tuple[float, float]] = deque()
        """The averages that no later one exceeds, oldest first."""
        self._high_at: float | None = None
        """When the level was last too high; None if nothing is refused for it."""

    @property
    def loop_lag_s(self) -> float:
        """How late the event loop is, averaged over some seconds."""
        return self._lag_s

    @property
    def busy(self) -> float:
        """The share of the machine in use, 0 to 1, averaged over some seconds."""
        return self._busy

    @property
    def _busiest(self) -> float:
        return self._peaks[0][1] if self._peaks else 0.0

    @property
    def level(self) -> float:
        """The load, 1 at a limit."""
        return max(share for share, _ in self._shares())

    @property
    def is_high(self) -> bool:
        """Whether answers come too late for further conversations."""
        self._follow()
        return self._high_at is not None and self.limits.refuse

    @property
    def cause(self) -> str:
        """What is too slow, in words for the operator; "" unless ``is_high``."""
        return max(self._shares())[1] if self.is_high else ""

    def refuses(self, running: int) -> bool:
        """Whether a further conversation may not begin while ``running`` run."""
        if running < ALWAYS or not self.limits.refuse:
            return False
        return self.is_high or self._would_be_busy(running)

    def began(self) -> None:
        """Note that a conversation has begun."""
        self._forget_settled()
        self._newcomers.append(self._clock())

    def answered(self, seconds: float) -> None:
        """Note the time of an answer, from the end of the user's turn to its first audio."""
        self._answers.append((self._clock(), seconds))
        self._follow()

    def sampled(self, waited_s: float, lag_s: float, busy: float) -> None:
        """Note how long the oldest urgent work has waited, how late the event loop is, and the share of the machine in
        use since the last sample. Call it at short times."""
        now = self._clock()
        elapsed = _SAMPLE_S if self._sampled_at is None else now - self._sampled_at
        self._sampled_at = now
        weight = 1 - math.exp(-elapsed / _SMOOTHING_S)
        self._waited_s += weight * (waited_s - self._waited_s)
        self._lag_s += weight * (lag_s - self._lag_s)
        self._busy += (1 - math.exp(-elapsed / _BUSY_SMOOTHING_S)) * (busy - self._busy)
        self._keep_peak(now)
        self._follow()

    @asynccontextmanager
    async def watching(self, scheduler: Scheduler, elsewhere: EnginesElsewhere) -> AsyncIterator[None]:
        """Sample the scheduler, the engines elsewhere, the event loop and the machine while the block runs."""
        async with (
            in_background(self.child_processes.keep_reading(), "child-processes"),
            in_background(self._watch(scheduler, elsewhere), "overload"),
        ):
            yield

    async def _watch(self, scheduler: Scheduler, elsewhere: EnginesElsewhere) -> None:
        clock = asyncio.get_running_loop().time
        use = MachineUse(scheduler.workers, lambda: scheduler.needed_busy_s, lambda: self.child_processes.uses)
        while True:
            due = clock() + _SAMPLE_S
            await asyncio.sleep(_SAMPLE_S)
            waited_s = max(scheduler.load.oldest_urgent_wait, elsewhere.waits.oldest_urgent)
            self.sampled(waited_s, max(0.0, clock() - due), use.busy())

    def _keep_peak(self, now: float) -> None:
        while self._peaks and self._peaks[-1][1] <= self._busy:
            self._peaks.pop()
        self._peaks.append((now, self._busy))
        while self._peaks[0][0] < now - _BUSY_S:
            self._peaks.popleft()

    def _would_be_busy(self, running: int) -> bool:
        self._forget_settled()
        settled = running - len(self._newcomers)
        # With none that has settled, what one costs is not known.
        return bool(self.limits.busy) and settled > 0 and self._busiest * (running + 1) / settled > self.limits.busy

    def _forget_settled(self) -> None:
        while self._newcomers and self._newcomers[0] <= self._clock() - SETTLING_S:
            self._newcomers.popleft()

    def _shares(self) -> tuple[tuple[float, str], ...]:
        """Each signal as a share of its limit, and in words."""
        limits, answer_s = self.limits, self._answer_s()
        return (
            (_share(answer_s, limits.answer_s), f"a quarter of the answers take {answer_s:.1f} s or longer"),
            (_share(self._waited_s, limits.queue_s), f"urgent work for the engines waits {self._waited_s:.2f} s"),
            (_share(self._lag_s, limits.loop_lag_s), f"the event loop is {self._lag_s:.2f} s late"),
        )

    def _answer_s(self) -> float:
        since = self._clock() - _ANSWERS_S
        while self._answers and self._answers[0][0] < since:
            self._answers.popleft()
        if len(self._answers) < _LEAST_ANSWERS:
            return 0.0
        ordered = sorted(seconds for _, seconds in self._answers)
        return ordered[int(_QUANTILE * len(ordered))]

    def _follow(self) -> None:
        now, level = self._clock(), self.level
        if level >= 1 or (self._high_at is not None and level >= RELEASE):
            if self._high_at is None and self.limits.refuse:
                log.warning("overloaded, new conversations are refused: %s", max(self._shares())[1])
            self._high_at = now
        elif self._high_at is not None and now - self._high_at >= self.limits.calm_s:
            if self.limits.refuse:
                log.info("no longer overloaded, new conversations begin again")
            self._high_at = None


def _share(value: float, limit: float) -> float:
    return value / limit if limit else 0.0
