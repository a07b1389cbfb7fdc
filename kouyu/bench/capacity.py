"""How many sessions a server holds: more and more of them talk at once, until it takes frames in too late."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from kouyu.bench.capacity_report import CapacityReport, Level
from kouyu.bench.capacity_server import ServerReport
from kouyu.bench.children import child, own_server
from kouyu.bench.load_client import GeneratorReport
from kouyu.bench.machine import this_machine
from kouyu.bench.process_usage import usage
from kouyu.bench.spoken_question import Language
from kouyu.bench.statistics import summarise

CapacityMode = Literal["free", "push"]

SETTLE_S: Final = 2.0
"""After new clients have come, before anything is measured."""
CLIENTS_OF_A_GENERATOR: Final = 60
_ANSWER_S: Final = 60.0


class ChildBroke(Exception):
    """A process of the benchmark's own ended too early."""


@dataclass(frozen=True, kw_only=True)
class CapacityOptions:
    """What is to be measured. Times in ms are limits at which the measurement ends."""

    mode: CapacityMode
    language: Language
    stub_engines: bool
    sessions_max: int
    step: int
    seconds: float
    """How long each level is measured."""
    latest_frame_ms: float = 50.0
    """The 99th percentile of the time to take in a frame must stay below."""
    slowest_answer_ms: float = 1500.0
    """The median time to the first audio must stay below."""
    config: Path | None = None


async def measure_capacity(options: CapacityOptions, *, on_level: Callable[[Level], None]) -> CapacityReport:
    """Add sessions until a limit is passed; ``on_level`` is told of each level.

    Raises ServerDidNotStart, ChildBroke, OSError.
    """
    machine = this_machine()
    levels: list[Level] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
        command = ["kouyu.bench.capacity_server", str(folder)]
        command += ["--stub-engines"] if options.stub_engines else []
        command += ["--config", str(options.config)] if options.config is not None else []
        address, server = await stack.enter_async_context(own_server(folder, *command))
        idle = usage(address.pid)
        talk = ("--mode", options.mode, "--language", options.language)
        generators = _Generators(stack, folder, (address.http, address.token, *talk))
        for sessions in range(options.step, options.sessions_max + 1, options.step):
            await generators.open(sessions)
            await asyncio.sleep(SETTLE_S)
            level = await _measure_level(sessions, options, address.pid, server, generators)
            levels.append(level)
            on_level(level)
            if level.passed:
                break
    held = [level.sessions for level in levels if not level.passed]
    return CapacityReport(
        machine=machine,
        load_at_end=os.getloadavg(),
        mode=options.mode,
        stub_engines=options.stub_engines,
        seconds=options.seconds,
        latest_frame_ms=options.latest_frame_ms,
        slowest_answer_ms=options.slowest_answer_ms,
        idle_memory_mib=idle.memory_mib,
        held=max(held, default=0),
        levels=levels,
    )


async def _measure_level(
    sessions: int,
    options: CapacityOptions,
    server_pid: int,
    server: asyncio.subprocess.Process,
    generators: "_Generators",
) -> Level:
    pids = (server_pid, *generators.pids)
    await _ask(server)
    await generators.reports()
    began, before = time.monotonic(), [usage(pid) for pid in pids]
    await asyncio.sleep(options.seconds)
    wall, after = time.monotonic() - began, [usage(pid) for pid in pids]
    measured = msgspec.json.decode(await _ask(server), type=ServerReport)
    seen = await generators.reports()
    cpu = [100 * (now.cpu_s - then.cpu_s) / wall for then, now in zip(before, after, strict=True)]
    answers = [max(0.0, ms) for report in seen for ms in report.answers]
    lateness = [report.lateness.p99 for report in seen if report.lateness is not None]
    level = Level(
        sessions=sessions,
        ingest=measured.ingest,
        event_loop=measured.event_loop,
        voice_activity=measured.voice_activity,
        answers=summarise(answers),
        unanswered=sum(report.unanswered for report in seen),
        lost=sum(report.lost for report in seen),
        server_cpu_percent=cpu[0],
        server_memory_mib=after[0].memory_mib,
        generator_cpu_percent=max(cpu[1:]),
        generator_late_ms=max(lateness, default=0.0),
    )
    return msgspec.structs.replace(level, passed=_limit_passed(level, options))


def _limit_passed(level: Level, options: CapacityOptions) -> str:
    """Which limit this level is beyond; empty where it is within all of them."""
    if level.lost:
        return f"{level.lost} connections were lost"
    if level.ingest is None or level.ingest.p99 > options.latest_frame_ms:
        return f"frames are taken in later than {options.latest_frame_ms:.0f} ms (p99)"
    if level.answers is not None and level.answers.median > options.slowest_answer_ms:
        return f"answers come later than {options.slowest_answer_ms:.0f} ms (median)"
    return ""


class _Generators:
    """Processes with clients, as many as the number of clients needs."""

    def __init__(self, stack: AsyncExitStack, folder: Path, arguments: tuple[str, ...]) -> None:
        self._stack = stack
        self._folder = folder
        self._arguments = arguments
        self._processes: list[asyncio.subprocess.Process] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes."""
        return tuple(process.pid for process in self._processes)

    async def open(self, clients: int) -> None:
        """Have so many clients talk, over all processes; returns when they do."""
        while len(self._processes) * CLIENTS_OF_A_GENERATOR < clients:
            folder = self._folder / f"generator-{len(self._processes)}"
            folder.mkdir()
            command = ("kouyu.bench.load_generator", *self._arguments)
            self._processes.append(await self._stack.enter_async_context(child(folder, *command)))
        for number, process in enumerate(self._processes):
            mine = min(CLIENTS_OF_A_GENERATOR, clients - number * CLIENTS_OF_A_GENERATOR)
            await _ask(process, str(mine))

    async def reports(self) -> list[GeneratorReport]:
        """What each has seen since the last time."""
        answers = [await _ask(process) for process in self._processes]
        return [msgspec.json.decode(answer, type=GeneratorReport) for answer in answers]


async def _ask(process: asyncio.subprocess.Process, question: str = "") -> bytes:
    """A line to a process of ours, and the line that it answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(question.encode() + b"\n")
    try:
        async with asyncio.timeout(_ANSWER_S):
            answer = await process.stdout.readline()
    except TimeoutError:
        answer = b""
    if not answer:
        raise ChildBroke("a process of the benchmark's own does not answer any more")
    return answer
