"""Detects overload of the engines; under it sessions skip speculative work."""

import math
import time
from collections.abc import Callable
from typing import Final

import msgspec

from kouyu.engines.scheduler import Load

WAIT_S: Final = 0.25
"""Waiting time for a thread that counts as overload: speculation would now delay other sessions."""
CALM_S: Final = 2.0
"""The overload is over after this many seconds without such waiting."""
_LOOK_EVERY_S: Final = 0.05


class ReportedWaits(msgspec.Struct, frozen=True):
    """How long work waits for a thread in other processes, in seconds."""

    oldest: float = 0.0
    oldest_urgent: float = 0.0


class EnginesElsewhere:
    """The load of engines in other processes, as their answers report it. What is older than CALM_S does not count."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reported: dict[str, tuple[float, ReportedWaits]] = {}

    def report(self, process: str, waits: ReportedWaits) -> None:
        """Note the waits that came with an answer of ``process``."""
        self._reported[process] = (self._clock(), waits)

    @property
    def waits(self) -> ReportedWaits:
        """The longest waits of all processes."""
        since = self._clock() - CALM_S
        self._reported = {process: report for process, report in self._reported.items() if report[0] > since}
        recent = [waits for _, waits in self._reported.values()]
        return ReportedWaits(
            max((waits.oldest for waits in recent), default=0.0),
            max((waits.oldest_urgent for waits in recent), default=0.0),
        )


class Pressure:
    """Samples a scheduler's load, and that of engines elsewhere, at most twenty times a second however often it is
    asked."""

    def __init__(
        self,
        load: Callable[[], Load],
        elsewhere: EnginesElsewhere | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._elsewhere = elsewhere or EnginesElsewhere()
        self._clock = clock
        self._looked_at = -math.inf
        self._waited_at = -math.inf

    @property
    def is_high(self) -> bool:
        """Whether work waits too long now, or did in the last CALM_S."""
        now = self._clock()
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = now
            if max(self._load().oldest_wait, self._elsewhere.waits.oldest) >= WAIT_S:
                self._waited_at = now
        return now - self._waited_at < CALM_S
