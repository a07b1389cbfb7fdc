"""Measures the CPU cost of session records.

    python -m bench.recording_cost [--sessions 30] [--seconds 20] [--rounds 3]

Two servers with stub engines and real voice activity, at the same time and for the same number of clients, measured in
turns: one that records every session, and one that records none. Beside it, without a server, the CPU time of recording
a second of one conversation: on a machine with other work that is the more reliable figure.
"""

import asyncio
import dataclasses
import functools
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import click
import numpy as np

from kouyu.assembly.runtime import Runtime
from kouyu.bench.children import ServerAddress, own_server
from kouyu.bench.generators import Generators
from kouyu.bench.measured_server import run_measured_server
from kouyu.bench.process_usage import usage
from kouyu.bench.stub_engines import open_stub_services
from kouyu.conversation.effects import Effect
from kouyu.protocol.speech_rate import SPEECH_RATE
from kouyu.recording.audio_coding import coded
from kouyu.recording.entries import EntryEncoder, Step
from kouyu.recording.frames import frame
from kouyu.recording.session_recorder import SessionRecorders, SessionRecording
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store
from tests.conversation.simulation import Simulation

WARM_UP_S: Final = 8.0
TURNS: Final = 20
SECONDS_OF_TALK: Final = TURNS * 5


def recording_ms() -> tuple[float, float]:
    """CPU time of recording a second of one conversation's talk in ms, and the kB that it takes."""
    talk = Simulation()
    talk.free_talk()
    for _ in range(TURNS):
        talk.speak(2000)
        talk.silence(3000)
    steps: list[tuple[float, object, list[Effect]]] = []
    for now, item in talk.history:
        if not isinstance(item, Effect):
            steps.append((now, item, []))
        elif steps:
            steps[-1][2].append(item)
    noise = np.random.default_rng(7).normal(0, 1, SPEECH_RATE).astype(np.float32)
    loud, quiet = noise * np.float32(0.05), noise * np.float32(0.0005)

    def seconds() -> tuple[float, int]:
        encoder, size, began = EntryEncoder(), 0, time.process_time()
        batches = [steps[start : start + 100] for start in range(0, len(steps), 100)]
        for batch in batches:
            size += len(frame(b"E", encoder.encoded(Step(now, item, (), made) for now, item, made in batch)))  # type: ignore[arg-type]
        for second in range(SECONDS_OF_TALK):
            size += len(frame(b"A", coded(loud if second % 5 < 2 else quiet, second * SPEECH_RATE).packed()))
        return time.process_time() - began, size

    tries = [seconds() for _ in range(5)]
    return 1000 * min(tries)[0] / SECONDS_OF_TALK, tries[0][1] / 1000 / SECONDS_OF_TALK


async def compared(sessions: int, seconds: float, rounds: int) -> None:
    """Print the CPU of both servers in percent of one core, and the median of the ratios of the rounds."""
    async with AsyncExitStack() as stack:
        servers: dict[bool, ServerAddress] = {}
        for is_recorded in (True, False):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-")))
            command = ["bench.recording_cost", "--serve", str(folder), "--recorded" if is_recorded else "--unrecorded"]
            servers[is_recorded], _ = await stack.enter_async_context(own_server(folder, *command))
            address = servers[is_recorded]
            await Generators(stack, folder, (address.http, address.token, "--mode", "free")).open(sessions)
        await asyncio.sleep(WARM_UP_S)
        ratios = []
        for _ in range(rounds):
            before = {name: usage(address.pid).cpu_s for name, address in servers.items()}
            await asyncio.sleep(seconds)
            used = {name: usage(address.pid).cpu_s - before[name] for name, address in servers.items()}
            ratios.append(used[True] / used[False])
            each = {name: 1000 * spent / seconds / sessions for name, spent in used.items()}
            click.echo(
                f"CPU of one session, ms for a second: recorded {each[True]:.2f}, not recorded {each[False]:.2f};"
                f" ratio {ratios[-1]:.4f}"
            )
        click.echo(f"recorded to not recorded, median of {rounds}: {statistics.median(ratios):.4f}")


@asynccontextmanager
async def _open(settings: Settings, store: Store, *, is_recorded: bool) -> AsyncIterator[Runtime]:
    async with open_stub_services(settings, store) as services:
        recorders = SessionRecorders(store.session_records, SessionRecording(sessions=is_recorded))
        services = dataclasses.replace(services, session_recorders=recorders)
        yield Runtime(run_session=functools.partial(run_session, services=services), services=services)
        await recorders.close()


@click.command()
@click.option("--sessions", type=click.IntRange(1), default=30, show_default=True, help="Of each server.")
@click.option("--seconds", type=click.FloatRange(1), default=20.0, show_default=True, help="Of each round.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
def main(sessions: int, seconds: float, rounds: int) -> None:
    """Print the figures."""
    spent, size = recording_ms()
    click.echo(f"recording a second of talk: {spent:.3f} ms, {size:.1f} kB")
    asyncio.run(compared(sessions, seconds, rounds))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        run_measured_server(
            Path(sys.argv[2]), functools.partial(_open, is_recorded=sys.argv[3] == "--recorded"), config=None
        )
    else:
        main()
