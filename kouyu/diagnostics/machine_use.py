"""How much of this machine conversations use: threads of the engines, the event loop's thread, and child processes."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from kouyu.diagnostics.child_processes import ChildProcessUses

_CGROUP_CPU: Final = Path("/sys/fs/cgroup/cpu.max")


class MachineUse:
    """Measures from call to call. ``engine_busy_s``: seconds that the engines' ``threads`` threads have been busy.
    ``children``: what the child processes used when it was last read.

    Interim transcripts and the like, which are left out when there is too much to do, should not be part of the former.

    Use it on the event loop's thread.
    """

    def __init__(
        self, threads: int, engine_busy_s: Callable[[], float], children: Callable[[], ChildProcessUses]
    ) -> None:
        self._engine_busy_s = engine_busy_s
        self._children = children
        self._available = (threads, 1.0)
        self._cores = usable_cores()
        self._before = self._used()
        self._children_before = children()
        self._share_of_children = 0.0

    def busy(self) -> float:
        """The largest share in use since the last call, 0 to 1: of the engines' threads, of the event loop's thread, or
        of the cores by child processes."""
        now = self._used()
        elapsed = now[0] - self._before[0]
        spent = [later - earlier for earlier, later in zip(self._before[1:], now[1:], strict=True)]
        self._before = now
        if elapsed <= 0:
            return 0.0
        shares = (used / (elapsed * most) for used, most in zip(spent, self._available, strict=True))
        return min(1.0, max(0.0, self._used_by_children(), *shares))

    def _used(self) -> tuple[float, float, float]:
        return time.monotonic(), self._engine_busy_s(), time.thread_time()

    def _used_by_children(self) -> float:
        """The share of the cores that they used between the last two readings."""
        now, before = self._children(), self._children_before
        if now.read_at > before.read_at:
            # With no reading before, what they used since they started would count.
            spent = now.processor_s - before.processor_s if before.read_at else 0.0
            self._share_of_children = spent / ((now.read_at - before.read_at) * self._cores)
            self._children_before = now
        return self._share_of_children


def usable_cores() -> float:
    """Cores that this process may use: of the machine, of its affinity, and within the quota of its container."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    with suppress(OSError, ValueError):
        quota, period = _CGROUP_CPU.read_text(encoding="ascii").split()
        if quota != "max":
            cores = min(cores, int(quota) / int(period))
    return cores
