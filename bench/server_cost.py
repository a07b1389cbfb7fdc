"""Compares the processor time of two checkouts of the server, without engines, in alternate runs.

    git archive REVISION | tar -x -C FOLDER
    python -m bench.server_cost --before FOLDER [--sessions 80] [--seconds 20] [--rounds 3] [--mode free]

Each run starts one server with stub engines and real voice activity, and the same clients of this checkout, which talk
all the time. Processor time is user and system time of the server's process, so that other work on the machine
changes it little; a machine that cannot carry the load shows in the frames that were taken in late.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec

from kouyu.bench.capacity_server import ServerReport
from kouyu.bench.children import own_server
from kouyu.bench.generators import Generators, ask
from kouyu.bench.process_usage import usage

HERE: Final = Path(__file__).parent.parent
WARM_UP_S: Final = 8.0
"""Until all clients talk and first-use costs are paid."""


class Run(msgspec.Struct, frozen=True):
    """One run of a server."""

    cpu_percent: float
    """Of one core, for one session."""
    memory_mib: float
    """For one session, more than before the first."""
    frame_p99_ms: float
    """From sending a frame until the session had taken it in."""
    answer_ms: float
    """Median, from the end of a question to the first audio of its answer."""


async def run(checkout: Path, sessions: int, seconds: float, mode: str) -> Run:
    """Run the server of ``checkout`` with ``sessions`` clients."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
        with _importing_from(checkout):
            address, server = await stack.enter_async_context(
                own_server(folder, "kouyu.bench.capacity_server", str(folder), "--stub-engines")
            )
        idle_mib = usage(address.pid).memory_mib
        generators = Generators(stack, folder, (address.http, address.token, "--mode", mode))
        with _importing_from(HERE):
            await generators.open(sessions)
        await asyncio.sleep(WARM_UP_S)
        await ask(server)
        await generators.reports()
        began, before = time.monotonic(), usage(address.pid).cpu_s
        await asyncio.sleep(seconds)
        took, after = time.monotonic() - began, usage(address.pid)
        report = msgspec.json.decode(await ask(server), type=ServerReport)
        answers = [answer for seen in await generators.reports() for answer in seen.answers]
    return Run(
        cpu_percent=100 * (after.cpu_s - before) / took / sessions,
        memory_mib=(after.memory_mib - idle_mib) / sessions,
        frame_p99_ms=report.ingest.p99 if report.ingest else 0.0,
        answer_ms=statistics.median(answers) if answers else 0.0,
    )


@contextmanager
def _importing_from(checkout: Path) -> Iterator[None]:
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(checkout.absolute())
    try:
        yield
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


async def compare(before: Path, sessions: int, seconds: float, rounds: int, mode: str) -> None:
    """Run both checkouts in turns, and print each run and the ratio of the medians."""
    runs: dict[str, list[Run]] = {"before": [], "now": []}
    for _ in range(rounds):
        for name, checkout in (("before", before), ("now", HERE)):
            one = await run(checkout, sessions, seconds, mode)
            runs[name].append(one)
            sys.stdout.write(
                f"{name:6}  {one.cpu_percent:.3f} % of a core, {one.memory_mib:.2f} MiB a session; "
                f"frames taken in after {one.frame_p99_ms:.0f} ms (p99), answers after {one.answer_ms:.0f} ms\n"
            )
            sys.stdout.flush()
    medians = {name: statistics.median(one.cpu_percent for one in done) for name, done in runs.items()}
    sys.stdout.write(f"ratio of the processor times: {medians['now'] / medians['before']:.3f}\n")


@click.command()
@click.option("--before", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--sessions", type=click.IntRange(1), default=80)
@click.option("--seconds", type=click.FloatRange(1), default=20.0)
@click.option("--rounds", type=click.IntRange(1), default=3)
@click.option("--mode", type=click.Choice(("free", "push", "idle")), default="free")
def main(before: Path, sessions: int, seconds: float, rounds: int, mode: str) -> None:
    """Compare this checkout with another one."""
    asyncio.run(compare(before, sessions, seconds, rounds, mode))


if __name__ == "__main__":
    main()
