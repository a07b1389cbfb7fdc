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
from kouyu.protocol.speech_rate import SPEECH_RATE
from kouyu.recording.audio_coding import coded
from kouyu.recording.entries import EntryEncoder
from kouyu.recording.frames import frame
from kouyu.recording.record_file import read_record
from kouyu.recording.replaying import replay
from kouyu.recording.session_recorder import BATCH_S, SessionRecorders, SessionRecording
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store

WARM_UP_S: Final = 8.0
RECORDS: Final = Path(__file__).parent.parent / "tests" / "recording" / "hard_turns"
BATCH_SAMPLES: Final = round(BATCH_S * SPEECH_RATE)
STEPS_OF_A_BATCH: Final = 150


def recording_ms() -> tuple[float, float]:
    """CPU time of encoding, compressing and framing a second of a session in ms, and the kB that it takes: of the
    sessions of tests/recording/hard_turns, in which something happens all the time, with as much speech as silence."""
    sessions = [replay(read_record(path)) for path in sorted(RECORDS.glob("*.kyrec"))]
    length_s = sum(session.record.length_s for session in sessions)
    noise = np.random.default_rng(7).normal(0, 1, BATCH_SAMPLES).astype(np.float32)
    pieces = noise * np.float32(0.05), noise * np.float32(0.0005)

    def seconds() -> tuple[float, int]:
        size, began = 0, time.process_time()
        for session in sessions:
            encoder, steps = EntryEncoder(), session.steps
            for start in range(0, len(steps), STEPS_OF_A_BATCH):
                size += len(frame(b"E", encoder.encoded(steps[start : start + STEPS_OF_A_BATCH])))
        for number in range(round(length_s / BATCH_S)):
            size += len(frame(b"A", coded(pieces[number % 2], number * BATCH_SAMPLES).packed()))
        return time.process_time() - began, size

    tries = [seconds() for _ in range(9)]
    return 1000 * min(tries)[0] / length_s, tries[0][1] / 1000 / length_s


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
