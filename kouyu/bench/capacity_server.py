"""The server of a load test: the real application with measurements of its own delays.

    python -m kouyu.bench.capacity_server FOLDER [--config FILE] [--tier TIER] [--stub-engines] [--workers N]

Prints a line of JSON when it is ready, and one ServerReport for every line on stdin, with the measurements since the
line before.
"""

import asyncio
import functools
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from kouyu.assembly.lifespan import open_services
from kouyu.assembly.runtime import Runtime
from kouyu.bench.heap import Heap, heap
from kouyu.bench.ingestion import MeasuredSocket
from kouyu.bench.measured_server import print_line, run_measured_server, run_measured_workers
from kouyu.bench.statistics import Summary, summarise
from kouyu.bench.stub_engines import open_stub_services
from kouyu.engines.vad import detector
from kouyu.engines.vad.engine import VoiceActivityModel
from kouyu.protocol.wire import Wire
from kouyu.serving.background import in_background
from kouyu.serving.caller import Caller
from kouyu.serving.services import Services
from kouyu.serving.socket import Socket
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store

_HEARTBEAT_S: Final = 0.01


class ServerReport(msgspec.Struct, frozen=True, kw_only=True):
    """The server's own measurements, in ms; None if there were none."""

    sessions: int
    tasks: int
    """Tasks of the event loop, those of the server itself included."""
    heap: Heap
    ingest: Summary | None
    """From sending a frame to the end of its processing."""
    event_loop: Summary | None
    """Lag of the event loop."""
    voice_activity: Summary | None
    """Time of a VAD call, for all sessions whose audio waits."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one process has measured, in ms."""

    sessions: int
    tasks: int
    heap: Heap
    ingest: list[float]
    event_loop: list[float]
    voice_activity: list[float]


class Measurements:
    """Measurements of a running server. Wraps the function that runs sessions."""

    def __init__(self) -> None:
        self._sessions = 0
        self._ingest: list[float] = []
        self._event_loop: list[float] = []
        self._voice_activity: list[float] = []

    async def run_session(
        self,
        socket: Socket,
        *,
        services: Services,
        bot_id: str,
        workflow_id: str,
        log_id: str,
        caller: Caller,
        redials_as: str,
        wire: Wire[Any] | None = None,
    ) -> None:
        """Run a session, and measure its frames."""
        self._sessions += 1
        try:
            measured = MeasuredSocket(socket, self._ingest)
            await run_session(
                measured,
                services=services,
                bot_id=bot_id,
                workflow_id=workflow_id,
                log_id=log_id,
                caller=caller,
                redials_as=redials_as,
                wire=wire,
            )
        finally:
            self._sessions -= 1

    def time_voice_activity(self) -> None:
        """Measure the calls of the VAD model, each for many sessions."""
        judge_slice = detector.judge_slice

        def timed(model: VoiceActivityModel, batch: Sequence[detector.VoiceActivityStream]) -> None:
            began = time.monotonic()
            judge_slice(model, batch)
            self._voice_activity.append((time.monotonic() - began) * 1000)

        detector.judge_slice = timed

    async def beat(self) -> None:
        """Record the event loop's lag until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + _HEARTBEAT_S
            await asyncio.sleep(_HEARTBEAT_S)
            self._event_loop.append(max(0.0, clock() - due) * 1000)

    async def answer(self) -> None:
        """Report for every line on stdin, until cancelled."""
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while await lines.readline():
            print_line(report_of([self.take()]))

    def take(self) -> Measured:
        """Return what was measured since the last call."""
        taken = Measured(
            sessions=self._sessions,
            tasks=len(asyncio.all_tasks()),
            heap=heap(),
            ingest=list(self._ingest),
            event_loop=list(self._event_loop),
            voice_activity=list(self._voice_activity),
        )
        # Emptied in place: open sessions hold these lists.
        for measured in (self._ingest, self._event_loop, self._voice_activity):
            measured.clear()
        return taken


def report_of(measured: Sequence[Measured]) -> ServerReport:
    """The report of a server that runs in these processes."""

    def joined(name: str) -> Summary | None:
        return summarise([ms for each in measured for ms in getattr(each, name)])

    return ServerReport(
        sessions=sum(each.sessions for each in measured),
        tasks=sum(each.tasks for each in measured),
        heap=Heap(
            used_mib=sum(each.heap.used_mib for each in measured),
            free_mib=sum(each.heap.free_mib for each in measured),
            objects=sum(each.heap.objects for each in measured),
        ),
        ingest=joined("ingest"),
        event_loop=joined("event_loop"),
        voice_activity=joined("voice_activity"),
    )


@asynccontextmanager
async def open_measured_sessions(settings: Settings, store: Store, *, stub_engines: bool) -> AsyncIterator[Runtime]:
    """The Runtime for sessions, with measurements."""
    measurements = Measurements()
    async with (
        measured_runtime(settings, store, measurements, stub_engines=stub_engines) as runtime,
        in_background(measurements.answer(), "reports"),
    ):
        yield runtime


@asynccontextmanager
async def measured_runtime(
    settings: Settings, store: Store, measurements: Measurements, *, stub_engines: bool
) -> AsyncIterator[Runtime]:
    """The Runtime for sessions that are measured."""
    opened = open_stub_services(settings, store) if stub_engines else open_services(settings, store)
    async with opened as services, in_background(measurements.beat(), "heartbeat"):
        measurements.time_voice_activity()
        yield Runtime(run_session=functools.partial(measurements.run_session, services=services), services=services)


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--config", type=click.Path(exists=True, path_type=Path))
@click.option("--tier")
@click.option("--stub-engines", is_flag=True)
@click.option("--workers", type=int, default=1)
def main(folder: Path, config: Path | None, tier: str | None, stub_engines: bool, workers: int) -> None:
    """Run the server of a load test, which admits all clients: what the machine holds is to be found out."""
    if workers > 1:
        from kouyu.bench import capacity_workers  # a worker finds its functions by their module

        opening = functools.partial(
            capacity_workers.open_reporting_sessions, stub_engines=stub_engines, folder=folder.absolute()
        )
        run_measured_workers(
            folder, opening, workers, capacity_workers.answer_for_all(folder), config=config, tier=tier,
            shares_engines=not stub_engines,
        )  # fmt: skip
        return
    run_measured_server(
        folder, functools.partial(open_measured_sessions, stub_engines=stub_engines), config=config, tier=tier
    )


if __name__ == "__main__":
    main()
