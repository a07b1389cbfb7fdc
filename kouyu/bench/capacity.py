"""Measures how many sessions a server can hold: adds sessions until it processes frames too late."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Literal

import msgspec

from kouyu.bench.capacity_report import CapacityReport, Level
from kouyu.bench.capacity_server import ServerReport
from kouyu.bench.children import own_server
from kouyu.bench.generators import Generators, ask
from kouyu.bench.machine import this_machine
from kouyu.bench.process_usage import Usage, usage
from kouyu.bench.spoken_question import Language
from kouyu.bench.statistics import summarise

CapacityMode = Literal["free", "push", "idle"]

SETTLE_S: Final = 2.0
"""Pause in seconds after the server has started, and after new clients have connected, before the measurement."""


class CapacityOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a load test. Times in ms are limits at which it ends."""

    mode: CapacityMode
    language: Language
    stub_engines: bool
    sessions_max: int
    step: int
    seconds: float
    """Duration of each level."""
    latest_frame_ms: float = 50.0
    """Limit for the 99th percentile of the time to process a frame."""
    slowest_answer_ms: float = 1500.0
    """Limit for the median time to the first audio."""
    config: Path | None = None
    tier: str | None = None
    """Of the embedded language model."""
    workers: int = 1
    """Worker processes of the server."""


async def measure_capacity(options: CapacityOptions, *, on_level: Callable[[Level], None]) -> CapacityReport:
    """Add sessions until a limit is exceeded; ``on_level`` is called with each level.

    Raises ServerDidNotStart, ChildBroke, OSError.
    """
    machine = this_machine()
    levels: list[Level] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
        command = ["kouyu.bench.capacity_server", str(folder)]
        command += ["--stub-engines"] if options.stub_engines else []
        command += ["--workers", str(options.workers)] if options.workers > 1 else []
        command += ["--config", str(options.config)] if options.config is not None else []
        command += ["--tier", options.tier] if options.tier is not None else []
        address, server = await stack.enter_async_context(own_server(folder, *command))
        idle, idle_cpu_percent = await _idle(address.pid, options.seconds)
        talk = ("--mode", options.mode, "--language", options.language)
        generators = Generators(stack, folder, (address.http, address.token, *talk))
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
        idle_cpu_percent=idle_cpu_percent,
        held=max(held, default=0),
        levels=levels,
    )


async def _idle(server_pid: int, seconds: float) -> tuple[Usage, float]:
    """What the server uses without a session, and percent of one core over so many seconds."""
    await asyncio.sleep(SETTLE_S)
    began, before = time.monotonic(), usage(server_pid)
    await asyncio.sleep(seconds)
    after = usage(server_pid)
    return after, 100 * (after.cpu_s - before.cpu_s) / (time.monotonic() - began)


async def _measure_level(
    sessions: int,
    options: CapacityOptions,
    server_pid: int,
    server: asyncio.subprocess.Process,
    generators: Generators,
) -> Level:
    pids = (server_pid, *generators.pids)
    await ask(server)
    await generators.reports()
    began, before = time.monotonic(), [usage(pid) for pid in pids]
    await asyncio.sleep(options.seconds)
    wall, after = time.monotonic() - began, [usage(pid) for pid in pids]
    measured = msgspec.json.decode(await ask(server), type=ServerReport)
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
        lost_because=next((report.lost_because for report in seen if report.lost), ""),
        server_cpu_percent=cpu[0],
        server_memory_mib=after[0].memory_mib,
        generator_cpu_percent=max(cpu[1:]),
        generator_late_ms=max(lateness, default=0.0),
    )
    return msgspec.structs.replace(level, passed=_limit_passed(level, options))


def _limit_passed(level: Level, options: CapacityOptions) -> str:
    """The limit that this level exceeds; empty if none."""
    if level.lost:
        return f"{level.lost} connections were lost ({level.lost_because})"
    if options.mode == "idle":
        return ""  # no client talks
    if level.ingest is None or level.ingest.p99 > options.latest_frame_ms:
        return f"frames are processed later than {options.latest_frame_ms:.0f} ms (p99)"
    if level.answers is not None and level.answers.median > options.slowest_answer_ms:
        return f"answers come later than {options.slowest_answer_ms:.0f} ms (median)"
    return ""
