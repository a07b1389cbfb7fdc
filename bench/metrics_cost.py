"""Measures the CPU cost of the metrics of a server with many sessions.

    python -m bench.metrics_cost [--sessions 80] [--seconds 30] [--rounds 2]

Two servers with stub engines and real voice activity, one after the other, in turns: one whose metrics are fed and read
every 5 s, and one that feeds and reads none. Beside it, without a server, the CPU time of feeding and of reading them:
on a machine with other work that is the more reliable figure.
"""

import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import click
import httpx
from prometheus_client import generate_latest

from kouyu.bench import capacity_server
from kouyu.bench.children import ServerAddress, own_server
from kouyu.bench.generators import Generators
from kouyu.bench.process_usage import usage
from kouyu.conversation.effects import Effect
from kouyu.conversation.inputs import Input
from kouyu.metrics.server_metrics import ServerMetrics
from kouyu.metrics.turn_times import TurnTimes
from kouyu.store.store import Store
from tests.conversation.simulation import Simulation

SCRAPE_S: Final = 5.0
WARM_UP_S: Final = 10.0
TURNS: Final = 20
SECONDS_OF_TALK: Final = TURNS * 5


async def cpu_percent(sessions: int, seconds: float, *, with_metrics: bool) -> float:
    """CPU of a server in percent of one core."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
        command = ["kouyu.bench.capacity_server"] if with_metrics else ["bench.metrics_cost", "--unmeasured"]
        address, _ = await stack.enter_async_context(own_server(folder, *command, str(folder), "--stub-engines"))
        await Generators(stack, folder, (address.http, address.token, "--mode", "free")).open(sessions)
        if with_metrics:
            await stack.enter_async_context(_scraped(address))
        await asyncio.sleep(WARM_UP_S)
        began, before = time.monotonic(), usage(address.pid).cpu_s
        await asyncio.sleep(seconds)
        return 100 * (usage(address.pid).cpu_s - before) / (time.monotonic() - began)


@contextlib.asynccontextmanager
async def _scraped(address: ServerAddress) -> AsyncIterator[None]:
    async def scrape() -> None:
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {address.token}"}, trust_env=False) as client:
            while True:
                (await client.get(f"{address.http}/metrics")).raise_for_status()
                await asyncio.sleep(SCRAPE_S)

    task = asyncio.create_task(scrape())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def feeding_ms() -> float:
    """CPU time of feeding the metrics, in ms for a second of one conversation's talk."""
    talk = Simulation()
    talk.free_talk()
    for _ in range(TURNS):
        talk.speak(2000)
        talk.silence(3000)
    steps: list[tuple[float, Input, list[Effect]]] = []
    for now, item in talk.history:
        if not isinstance(item, Effect):
            steps.append((now, item, []))
        elif steps:  # the first effects are those of the connection's beginning
            steps[-1][2].append(item)

    def seconds() -> float:
        times, began = TurnTimes(ServerMetrics()), time.process_time()
        for now, received, effects in steps:
            times.follow(received, effects, now)
        return time.process_time() - began

    return 1000 * min(seconds() for _ in range(5)) / SECONDS_OF_TALK


def reading_ms() -> float:
    """CPU time of reading all metrics once."""
    metrics = ServerMetrics()
    for name in ("speech", "push_to_talk", "typed"):
        metrics.first_audio.labels(name).observe(0.1)
    began = time.process_time()
    for _ in range(20):
        generate_latest(metrics.registry)
    return 1000 * (time.process_time() - began) / 20


def _serve_unmeasured() -> None:
    """Run the server of a load test without feeding metrics."""
    TurnTimes.follow = lambda *_: None  # type: ignore[method-assign]
    Store.observe_writes = lambda *_: None  # type: ignore[method-assign]
    capacity_server.main()


@click.command()
@click.option("--sessions", type=click.IntRange(1), default=80, show_default=True)
@click.option("--seconds", type=click.FloatRange(1), default=30.0, show_default=True, help="Of each measurement.")
@click.option("--rounds", type=click.IntRange(1), default=2, show_default=True)
def main(sessions: int, seconds: float, rounds: int) -> None:
    """Print the figures."""
    feeding, reading = feeding_ms(), reading_ms()
    share = (sessions * feeding + reading / SCRAPE_S) / 10
    click.echo(f"feeding: {feeding:.3f} ms for a second of talk; reading all: {reading:.1f} ms")
    click.echo(f"{sessions} sessions, read every {SCRAPE_S:g} s: {share:.2f} % of one core")
    measured: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for with_metrics in (True, False):
            percent = asyncio.run(cpu_percent(sessions, seconds, with_metrics=with_metrics))
            measured[with_metrics].append(percent)
            click.echo(f"{'with' if with_metrics else 'without'} metrics: {percent:.1f} % of one core")
    ratio = statistics.median(measured[True]) / statistics.median(measured[False])
    click.echo(f"with to without: {ratio:.3f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--unmeasured"]:
        del sys.argv[1]
        _serve_unmeasured()
    else:
        main()
