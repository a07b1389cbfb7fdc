"""Measures the CPU cost of session records.

    python -m bench.recording_cost [--sessions 30] [--seconds 20] [--rounds 3]

Two servers with stub engines and real voice activity, at the same time and for the same number of clients, measured in
turns: one that records every session, and one that records none. Beside it, without a server, the CPU time of all that
recording does for a second of a session, on the event loop and on the writer's thread: on a machine with other work
that is the more reliable figure. It is measured with the sessions of tests/recording/hard_turns, in which something
happens all the time, and with those that the first server recorded, once the servers have ended.
"""

import asyncio
import dataclasses
import functools
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import numpy as np

from kouyu.assembly.runtime import Runtime
from kouyu.audio.pcm import Samples
from kouyu.bench.children import ServerAddress, own_server
from kouyu.bench.generators import Generators
from kouyu.bench.measured_server import run_measured_server
from kouyu.bench.process_usage import usage
from kouyu.bench.stub_engines import open_stub_services
from kouyu.domain.ids import IdFactory
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.recording.entries import Step
from kouyu.recording.frames import SUFFIX
from kouyu.recording.noted_ids import NotedIds
from kouyu.recording.record_file import Record, read_record
from kouyu.recording.record_writing import RecordWriter
from kouyu.recording.replaying import Core
from kouyu.recording.session_recorder import BATCH_S, SessionRecorder, SessionRecorders, SessionRecording
from kouyu.recording.waveform import whole_audio
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.session_records import SessionRecordFiles
from kouyu.store.store import Store

WARM_UP_S: Final = 8.0
RECORDS: Final = Path(__file__).parent.parent / "tests" / "recording" / "hard_turns"
PIECE: Final = SPEECH_RATE // 50
TRIES: Final = 9
MOST_RECORDS: Final = 6
"""Of the first server, that are looked at."""


class Cost(msgspec.Struct, frozen=True, order=True):
    """What recording takes for a second of a session: CPU time in ms, of it that of the writer's thread, and kB."""

    total_ms: float
    thread_ms: float
    kb: float

    def __str__(self) -> str:
        return (
            f"{self.total_ms:.3f} ms for a second of a session, of them {self.thread_ms:.3f} off the event loop;"
            f" {self.kb:.1f} kB"
        )


class InTurn:
    """Runs the writer's work at once, and counts its CPU time."""

    spent_s = 0.0

    def submit(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do the work."""
        began = time.thread_time()
        work(*arguments)
        self.spent_s += time.thread_time() - began


class Session:
    """A session of a record, with what its recorder was given in the order of time."""

    def __init__(self, record: Record, audio: Samples) -> None:
        self.header = record.header
        self.core = Core(record.header)
        self.length_s = record.length_s
        steps = [self.core.take(step) for step in record.steps]
        pieces = [audio[start : start + PIECE] for start in range(0, len(audio), PIECE)]
        given: list[tuple[float, Step | Samples]] = [(step.now, step) for step in steps]
        given += [(number / 50, piece) for number, piece in enumerate(pieces)]
        self.given = sorted(given, key=lambda each: each[0])

    async def recorded(self, folder: Path) -> tuple[float, float, int]:
        """Record it; return the CPU time in s, that of the writer's part, and the size in bytes."""
        in_turn, now = InTurn(), 0.0
        began = time.thread_time()
        writer = RecordWriter(in_turn, SessionRecordFiles(folder), self.header, max_bytes=10**9)  # type: ignore[arg-type]
        recorder = SessionRecorder(writer, NotedIds(IdFactory()), log_id=self.header.log_id)
        recorder.begin(self.core.conversation, lambda: now)
        given_at = 0.0
        for now, each in self.given:
            if now - given_at >= BATCH_S:
                recorder.give()
                given_at = now
            if isinstance(each, Step):
                recorder.follow(each.received, list(each.effects), each.now)
            else:
                recorder.heard(each)
        recorder.close()
        spent = time.thread_time() - began
        return spent, in_turn.spent_s, _size(folder)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob(f"*{SUFFIX}"))


def cost(sessions: Sequence[Session]) -> Cost:
    """The least of several tries."""
    length_s = sum(session.length_s for session in sessions)

    async def one() -> Cost:
        total, thread, size = 0.0, 0.0, 0
        for session in sessions:
            with tempfile.TemporaryDirectory() as folder:
                spent = await session.recorded(Path(folder))
            total, thread, size = total + spent[0], thread + spent[1], size + spent[2]
        return Cost(1000 * total / length_s, 1000 * thread / length_s, size / 1000 / length_s)

    return min(asyncio.run(one()) for _ in range(TRIES))


def busy_sessions() -> list[Session]:
    """Those of tests/recording/hard_turns, which have no audio, with as much speech as silence."""
    values = np.random.default_rng(7)
    found = []
    for path in sorted(RECORDS.glob("*.kyrec")):
        record = read_record(path)
        noise = values.normal(0, 0.05, round(record.length_s * SPEECH_RATE)).astype(np.float32)
        noise[len(noise) // 2 :] *= np.float32(0.01)
        found.append(Session(record, noise))
    return found


async def compared(sessions: int, seconds: float, rounds: int) -> list[Record]:
    """Print the CPU of both servers and the ratio over all rounds, with its standard error; return the records."""
    async with AsyncExitStack() as stack:
        servers: dict[bool, ServerAddress] = {}
        folders: dict[bool, Path] = {}
        for is_recorded in (True, False):
            folder = folders[is_recorded] = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="kouyu-bench-"))
            )
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
        error = statistics.stdev(ratios) / len(ratios) ** 0.5 if rounds > 1 else float("nan")
        click.echo(
            f"recorded to not recorded, {rounds} rounds: median {statistics.median(ratios):.4f},"
            f" mean {statistics.mean(ratios):.4f} ± {error:.4f}"
        )
        return [read_record(path) for path in sorted(folders[True].rglob(f"*{SUFFIX}"))[:MOST_RECORDS]]


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
    click.echo(f"recording, busy sessions: {cost(busy_sessions())}")
    records = asyncio.run(compared(sessions, seconds, rounds))
    click.echo(f"recording, these sessions: {cost([Session(each, whole_audio(each.audio)) for each in records])}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        run_measured_server(
            Path(sys.argv[2]), functools.partial(_open, is_recorded=sys.argv[3] == "--recorded"), config=None
        )
    else:
        main()
