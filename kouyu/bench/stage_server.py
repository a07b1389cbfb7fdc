"""The server of ``kouyu bench stages``: the real application, which accounts its processor time by stage.

    python -m kouyu.bench.stage_server FOLDER [--config FILE] [--tier TIER]

Prints a line of JSON when it is ready, and the processor time of each stage so far for every line on stdin.
"""

import asyncio
import dataclasses
import functools
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from kouyu.agents.agent import Agent, AgentEvent, AgentRequest, ReadsAhead
from kouyu.agents.embedded import child
from kouyu.agents.embedded.machine import processor_time_s
from kouyu.assembly.lifespan import open_services
from kouyu.assembly.runtime import Runtime
from kouyu.bench.measured_server import print_line, run_measured_server
from kouyu.bench.process_usage import child_running
from kouyu.bench.stage_times import REST, Stage, StageTimes
from kouyu.engines.scheduler import CancelToken, Priority, Scheduler
from kouyu.engines.vad import detector
from kouyu.session.connection import run_session
from kouyu.session.echo_guard import EchoGuard
from kouyu.settings import Settings
from kouyu.store.store import Store

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")
Together = Callable[[Sequence[tuple[Item, CancelToken]]], Iterable[Callable[[], T]]]


class MeasuredAgent:
    """An agent whose requests are accounted."""

    def __init__(self, agent: Agent, times: StageTimes) -> None:
        self._agent = agent
        self._times = times

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """As the agent inside."""
        with self._times.in_model("language model, reply"):
            async with aclosing(self._agent.reply(request)) as events:
                async for event in events:
                    yield event

    @property
    def reads_ahead(self) -> bool:
        """As the agent inside."""
        return isinstance(self._agent, ReadsAhead) and self._agent.reads_ahead

    async def read_ahead(self, request: AgentRequest, *, draft: bool) -> None:
        """As the agent inside."""
        assert isinstance(self._agent, ReadsAhead)
        with self._times.in_model("language model, ahead"):
            await self._agent.read_ahead(request, draft=draft)

    async def close(self) -> None:
        """As the agent inside."""
        await self._agent.close()


def measure_workers(scheduler: Scheduler, times: StageTimes) -> None:
    """Account the scheduler's work from now on."""
    run, run_together, stream = scheduler.run, scheduler.run_together, scheduler.stream

    async def measured_run(work: Callable[[CancelToken], T], priority: Priority) -> T:
        stage = _stage(work, priority)

        def measured(token: CancelToken) -> T:
            with times.on_worker(stage):
                return work(token)

        return await run(measured, priority)

    async def measured_together(work: Together[Item, T], item: Item, *, group: Hashable, priority: Priority) -> T:
        measured = functools.partial(_for_each, work, _stage(work, priority), times)
        return await run_together(measured, item, group=group, priority=priority)

    def measured_stream(work: Callable[[CancelToken], Iterable[T]], priority: Priority) -> AsyncGenerator[T, None]:
        return stream(functools.partial(_pieces, work, _stage(work, priority), times), priority)

    # The only place to hook in: the engines hold the scheduler itself.
    scheduler.run = measured_run  # type: ignore[method-assign]
    scheduler.run_together = measured_together  # type: ignore[method-assign]
    scheduler.stream = measured_stream  # type: ignore[method-assign]


def _for_each(
    work: Together[Item, T], stage: Stage, times: StageTimes, asked: Sequence[tuple[Item, CancelToken]]
) -> Iterator[Callable[[], T]]:
    """What ``work`` yields for each caller: what it does for all of them is accounted, and each caller is a call."""

    def measured(finish: Callable[[], T]) -> T:
        with times.on_worker(stage):
            return finish()

    results = iter(work(asked))
    for _ in asked:
        with times.on_worker(stage, calls=0):
            finish = next(results)
        yield functools.partial(measured, finish)


def _pieces(
    work: Callable[[CancelToken], Iterable[T]], stage: Stage, times: StageTimes, token: CancelToken
) -> Iterator[T]:
    with times.on_worker(stage):
        pieces = iter(work(token))
    try:
        while True:
            with times.on_worker(stage):
                try:
                    piece = next(pieces)
                except StopIteration:
                    return
            yield piece
    finally:
        if close := getattr(pieces, "close", None):
            close()


def _stage(work: Callable[..., object], priority: Priority) -> Stage:
    while isinstance(work, functools.partial):
        work = work.func
    match work.__module__.split("."):
        case ["kouyu", "engines", "asr", *_]:
            return "interim transcripts" if priority == Priority.INTERIM else "final transcript"
        case ["kouyu", "engines", "tts", *_]:
            return "voice"
        case _:
            return REST


def measure_event_loop(times: StageTimes) -> None:
    """Account voice activity detection and the echo guard of all sessions of this process."""

    def measured(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            with times.on_event_loop("voice activity and echo"):
                return function(*args, **kwargs)

        return call

    detector.judge_slice = measured(detector.judge_slice)
    for name in ("made", "sounding", "flushed", "without_echo"):
        setattr(EchoGuard, name, measured(getattr(EchoGuard, name)))


@asynccontextmanager
async def open_measured_sessions(settings: Settings, store: Store) -> AsyncIterator[Runtime]:
    """The Runtime for sessions, with the accounting."""
    async with open_services(settings, store) as services, asyncio.TaskGroup() as tasks:
        model = child_running(child.__name__)
        times = StageTimes(lambda: processor_time_s(model) or 0.0)
        measure_workers(services.scheduler, times)
        measure_event_loop(times)
        agents = {bot_id: MeasuredAgent(agent, times) for bot_id, agent in services.agents.items()}
        measured = dataclasses.replace(services, agents=agents)
        answering = tasks.create_task(_answer(times))
        yield Runtime(run_session=functools.partial(run_session, services=measured))
        answering.cancel()


async def _answer(times: StageTimes) -> None:
    """Report for every line on stdin, until cancelled."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        print_line(times.so_far())


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--config", type=click.Path(exists=True, path_type=Path))
@click.option("--tier")
def main(folder: Path, config: Path | None, tier: str | None) -> None:
    """Run the server of the measurement."""
    run_measured_server(folder, open_measured_sessions, config=config, tier=tier)


if __name__ == "__main__":
    main()
