"""Describes the processes of a server with workers, for its status."""

import os
import time

import msgspec

from kouyu.diagnostics.child_processes import use_of
from kouyu.server.process.workers.engines_process import EnginesProcess
from kouyu.server.process.workers.worker_process import WorkerProcess
from kouyu.server.siblings.processes import ProcessLoad, ServerProcess
from kouyu.server.siblings.shared_counts import SharedCounts


def described_parent(began: float) -> ServerProcess:
    """This process. ``began``: when it did, by ``time.monotonic``."""
    pid = os.getpid()
    return ServerProcess(
        role="parent",
        pid=pid,
        state="running",
        uptime_s=round(time.monotonic() - began, 1),
        resident_bytes=_resident_bytes(pid),
    )


async def described_worker(worker: WorkerProcess, counts: SharedCounts) -> ServerProcess:
    """A worker, with what it tells of its load."""
    answer = await worker.ask("load")
    load = msgspec.msgpack.decode(answer, type=ProcessLoad) if answer else ProcessLoad()
    restarts, row = worker.restarts, worker.start.worker
    return ServerProcess(
        role="worker",
        number=worker.number,
        pid=worker.process_id,
        state=restarts.state,
        restarts=restarts.count,
        last_end=restarts.last_end,
        uptime_s=round(restarts.uptime_s, 1),
        sessions=counts.get(row, "sessions"),
        connections=counts.get(row, "connections"),
        resident_bytes=_resident_bytes(worker.process_id),
        scheduler=load.scheduler,
        event_loop_held=load.event_loop_held,
    )


async def described_engines(engines: EnginesProcess) -> ServerProcess:
    """The process of the engines."""
    restarts = engines.restarts
    return ServerProcess(
        role="engines",
        pid=engines.process_id,
        state=restarts.state,
        restarts=restarts.count,
        last_end=restarts.last_end,
        uptime_s=round(restarts.uptime_s, 1),
        resident_bytes=sum(use.resident_bytes for use in engines.uses().values()),
        scheduler=await engines.work(),
    )


def _resident_bytes(pid: int | None) -> int:
    use = use_of(pid) if pid is not None else None
    return use.resident_bytes if use is not None else 0
