"""The processes of a server with workers, as the status lists them: the parent, the workers, that of the engines."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from kouyu.diagnostics.loop_watchdog import Holds
from kouyu.engines.scheduler import Scheduler

ProcessState: TypeAlias = Literal["starting", "running", "waiting", "stopping"]
"""``waiting``: it has ended, and is started again after a pause."""


class Work(msgspec.Struct, frozen=True):
    """What the threads of the engines do. ``workers`` is their number."""

    workers: int
    waiting: int
    running: int
    oldest_wait_ms: float


class ProcessLoad(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker tells of itself."""

    scheduler: Work | None = None
    event_loop_held: Holds = Holds()


class ServerProcess(ProcessLoad, frozen=True, kw_only=True):
    """One process of a server. ``scheduler`` and ``event_loop_held`` are left empty by processes that do not answer."""

    role: Literal["parent", "worker", "engines"]
    number: int = 0
    """Of a worker, from 1."""
    pid: int | None
    """None while there is no process."""
    state: ProcessState
    restarts: int = 0
    """How often it was started again since the server was started."""
    last_end: str = ""
    """How its last process ended; empty if none has."""
    uptime_s: float = 0.0
    """Since its present process was started."""
    sessions: int = 0
    connections: int = 0
    """Open connections, those of sessions included."""
    resident_bytes: int = 0
    """0 where the system does not say (it is not Linux)."""


def work_of(scheduler: Scheduler | None) -> Work | None:
    """What a scheduler does now; None for none."""
    if scheduler is None:
        return None
    load = scheduler.load
    return Work(scheduler.workers, load.waiting, load.running, round(load.oldest_wait * 1000, 1))


def all_work(of_processes: Iterable[Work | None]) -> Work | None:
    """The work of all of these processes; None if there is none."""
    told = [work for work in of_processes if work is not None]
    if not told:
        return None
    return Work(
        sum(work.workers for work in told),
        sum(work.waiting for work in told),
        sum(work.running for work in told),
        max(work.oldest_wait_ms for work in told),
    )


def all_holds(of_processes: Iterable[Holds]) -> Holds:
    """How often the event loops of these processes were blocked, and for how long at most."""
    told = tuple(of_processes)
    return Holds(
        count=sum(holds.count for holds in told), longest_ms=max((holds.longest_ms for holds in told), default=0.0)
    )
