"""Soak test: a few clients talk for a long time, disconnect and reconnect, while the server's memory is measured."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec

from kouyu.bench.capacity_server import ServerReport
from kouyu.bench.children import last_log_lines, own_server
from kouyu.bench.generators import Generators, ask
from kouyu.bench.load_client import GeneratorReport
from kouyu.bench.machine import this_machine
from kouyu.bench.process_usage import usage
from kouyu.bench.soak_report import Moment, SoakReport, Stage
from kouyu.bench.spoken_question import Language
from kouyu.bench.statistics import summarise

WARM_UP_SHARE: Final = 0.2
"""Share of the whole time, in which caches, pools and the allocator's arenas grow."""
MOMENTS: Final = 30
"""Number of samples while clients talk."""
AFTERWARDS_S: Final = 6.0
"""Seconds from the last disconnect to the last sample: the server collects garbage every 5 s."""


class SoakOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a soak test."""

    minutes: float
    sessions: int
    turns: int
    """Turns after which a client disconnects and reconnects."""
    language: Language
    stub_engines: bool
    config: Path | None = None
    tier: str | None = None
    """Of the embedded language model."""


async def measure_soak(options: SoakOptions, *, on_moment: Callable[[Moment], None]) -> SoakReport:
    """Run the test; ``on_moment`` is called with each sample of the server. Linux only.

    Raises ServerDidNotStart, ChildBroke, OSError.
    """
    machine = this_machine()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
        command = ["kouyu.bench.capacity_server", str(folder)]
        command += ["--stub-engines"] if options.stub_engines else []
        command += ["--config", str(options.config)] if options.config is not None else []
        command += ["--tier", options.tier] if options.tier is not None else []
        address, server = await stack.enter_async_context(own_server(folder, *command))
        watch = _Watch(address.pid, server, on_moment)
        await watch.look("start")
        async with AsyncExitStack() as clients:
            talk = ("--mode", "free", "--language", options.language, "--turns", str(options.turns))
            generators = Generators(clients, folder, (address.http, address.token, *talk))
            await generators.open(options.sessions)
            seen = await _talk(options.minutes * 60, watch, generators)
        await asyncio.sleep(AFTERWARDS_S)
        await watch.look("afterwards")
        log = last_log_lines(folder)
    answers = [max(0.0, ms) for report in seen for ms in report.answers]
    last = seen[-1:]
    return SoakReport(
        machine=machine,
        load_at_end=os.getloadavg(),
        stub_engines=options.stub_engines,
        minutes=options.minutes,
        sessions=options.sessions,
        turns_of_a_connection=options.turns,
        connections=sum(report.connections for report in last),
        lost=sum(report.lost for report in last),
        unanswered=sum(report.unanswered for report in seen),
        answers=summarise(answers),
        moments=watch.moments,
        log=log,
    )


async def _talk(seconds: float, watch: "_Watch", generators: Generators) -> list[GeneratorReport]:
    """Sample the server repeatedly while clients talk; return the clients' reports."""
    seen: list[GeneratorReport] = []
    began, warm = time.monotonic(), False
    for number in range(1, MOMENTS + 1):
        share = number / MOMENTS
        await asyncio.sleep(began + seconds * share - time.monotonic())
        seen += await generators.reports()
        stage: Stage = "talking"
        if number == MOMENTS:
            stage = "end"
        elif not warm and share >= WARM_UP_SHARE:
            stage, warm = "warm", True
        elif number == MOMENTS // 2:
            stage = "half"
        await watch.look(stage)
    return seen


class _Watch:
    """Samples a server, and collects the samples."""

    def __init__(self, pid: int, server: asyncio.subprocess.Process, on_moment: Callable[[Moment], None]) -> None:
        self._pid = pid
        self._server = server
        self._on_moment = on_moment
        self._began = time.monotonic()
        self.moments: list[Moment] = []

    async def look(self, stage: Stage) -> None:
        """Sample what the server uses now."""
        said = msgspec.json.decode(await ask(self._server), type=ServerReport)
        used = usage(self._pid)
        moment = Moment(
            stage=stage,
            minute=(time.monotonic() - self._began) / 60,
            sessions=said.sessions,
            memory_mib=used.memory_mib,
            own_memory_mib=used.own_memory_mib,
            own_private_mib=used.own_private_mib,
            heap=said.heap,
            tasks=said.tasks,
            threads=used.threads,
            open_files=used.open_files,
        )
        self.moments.append(moment)
        self._on_moment(moment)
