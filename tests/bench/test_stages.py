"""Accounting processor time by stage, and `kouyu bench stages`."""

import io
import json
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from kouyu.agents.agent import AgentEvent, AgentRequest, TextDelta
from kouyu.bench import stages
from kouyu.bench.machine import this_machine
from kouyu.bench.stage_server import MeasuredAgent, measure_workers
from kouyu.bench.stage_times import REST, STAGES, StageTime, StageTimes
from kouyu.bench.stages import StagesReport, TierStages
from kouyu.bench.stages_report import print_stages
from kouyu.cli.main import main
from kouyu.engines.scheduler import CancelToken, Priority, Scheduler

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

WORK_S = 0.02
"""Processor time, however long it takes on a busy machine."""


def work() -> None:
    until = time.thread_time() + WORK_S
    while time.thread_time() < until:
        pass


class Clock:
    """Processor time of a language model's process that a test sets."""

    cpu_s = 0.0

    def __call__(self) -> float:
        return self.cpu_s


def test_a_call_is_accounted_to_its_stage_and_nothing_else_is() -> None:
    times = StageTimes(Clock())
    before = times.so_far()
    with times.on_event_loop("voice activity and echo"):
        work()
    with times.on_worker("final transcript"):
        work()
    work()
    after = times.so_far()
    used = {stage: after[stage].since(before[stage]) for stage in STAGES}
    assert used["voice activity and echo"].cpu_s >= WORK_S
    assert used["final transcript"].cpu_s >= WORK_S
    assert used[REST].cpu_s >= WORK_S
    assert used["voice"] == StageTime(0.0, 0)
    assert used["voice activity and echo"].calls == used["final transcript"].calls == 1


def test_the_models_time_is_shared_by_the_requests_that_run_and_goes_to_the_last_one_after_them() -> None:
    model = Clock()
    times = StageTimes(model)
    before = times.so_far()
    model.cpu_s = 100.0
    with times.in_model("language model, ahead"):
        model.cpu_s = 102.0
        with times.in_model("language model, reply"):
            model.cpu_s = 106.0
    model.cpu_s = 107.0
    with times.in_model("language model, reply"):
        model.cpu_s = 117.0
    model.cpu_s = 118.0
    after = times.so_far()
    assert after["language model, ahead"] == StageTime(2.0 + 2.0 + 1.0, 1)
    assert after["language model, reply"] == StageTime(2.0 + 10.0 + 1.0, 2)
    # What it used before the first request was for none.
    rest = after[REST].since(before[REST])
    assert 100.0 <= rest.cpu_s < 110.0


def of_module(module: str, function: Callable[[CancelToken], Any]) -> Callable[[CancelToken], Any]:
    function.__module__ = module
    return function


async def test_work_of_a_scheduler_is_accounted_by_the_engine_that_orders_it() -> None:
    times, scheduler = StageTimes(Clock()), Scheduler(1)
    measure_workers(scheduler, times)
    whisper = of_module("kouyu.engines.asr.whisper", lambda _: work())
    try:
        await scheduler.run(whisper, Priority.INTERIM)
        await scheduler.run(whisper, Priority.FINAL)
        await scheduler.run(whisper, Priority.SPECULATIVE)
        await scheduler.run(of_module("kouyu.engines.turn.smart_turn", lambda _: work()), Priority.FINAL)
    finally:
        await scheduler.close()
    after = times.so_far()
    assert after["interim transcripts"].calls == 1
    assert after["final transcript"].calls == 2
    assert after["final transcript"].cpu_s >= 2 * WORK_S
    assert after["voice"].cpu_s == 0.0


async def test_each_piece_of_a_stream_is_accounted_and_closing_it_closes_the_work() -> None:
    times, scheduler, closed = StageTimes(Clock()), Scheduler(1), []

    def speak(_: CancelToken) -> Iterator[int]:
        try:
            for number in range(1000):
                work()
                yield number
        finally:
            closed.append(True)

    measure_workers(scheduler, times)
    try:
        async with aclosing(scheduler.stream(of_module("kouyu.engines.tts.hibari", speak), Priority.SENTENCE)) as made:
            assert [await anext(made), await anext(made)] == [0, 1]
    finally:
        await scheduler.close()
    assert closed == [True]
    voice = times.so_far()["voice"]
    assert voice.calls >= 2
    assert voice.cpu_s >= 2 * WORK_S


class Agent:
    """Answers, and reads ahead; each request costs the model one second."""

    reads_ahead = True

    def __init__(self, model: Clock) -> None:
        self._model = model

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        self._model.cpu_s += 1.0
        yield TextDelta("Yes.")

    async def read_ahead(self, request: AgentRequest, *, draft: bool) -> None:
        assert draft
        self._model.cpu_s += 1.0

    async def close(self) -> None:
        return None


async def test_an_agents_answers_and_what_it_reads_ahead_are_told_apart() -> None:
    model = Clock()
    times = StageTimes(model)
    agent = MeasuredAgent(Agent(model), times)
    assert agent.reads_ahead
    await agent.read_ahead(AgentRequest(messages=()), draft=True)
    await agent.read_ahead(AgentRequest(messages=()), draft=True)
    assert [event async for event in agent.reply(AgentRequest(messages=()))] == [TextDelta("Yes.")]
    after = times.so_far()
    assert after["language model, ahead"] == StageTime(2.0, 2)
    assert after["language model, reply"] == StageTime(1.0, 1)


def test_the_report_gives_ms_a_turn_with_the_tiers_side_by_side() -> None:
    used = {stage: StageTime(0.1 * number, 3 * number) for number, stage in enumerate(STAGES)}
    tiers = [TierStages(tier=name, turns=2, unanswered=0, seconds=8.0, stages=used) for name in ("tiny", "small")]
    shown = io.StringIO()
    report = StagesReport(machine=this_machine(), load_at_end=(0, 0, 0), language="en", tiers=tiers)
    print_stages(report, Console(file=shown, width=200))
    lines = shown.getvalue().splitlines()
    (voice,) = (line for line in lines if "voice " in line and "activity" not in line)
    assert voice.count("250 (7.5)") == 2
    assert any("2; 4.0" in line for line in lines)


@pytest.mark.models
def test_a_real_turn_uses_every_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "WARM_UP_TURNS", 0)
    figures = tmp_path / "figures.json"
    done = CliRunner().invoke(main, ["bench", "stages", "--tier", "tiny", "--turns", "1", "--json", str(figures)])
    assert done.exit_code == 0, done.output
    (tier,) = json.loads(figures.read_text())["tiers"]
    assert tier["tier"] == "tiny"
    assert {*tier["stages"]} == {*STAGES}
    must_run = {*STAGES} - {"interim transcripts", "language model, ahead"}
    assert all(tier["stages"][stage]["cpu_s"] > 0 for stage in must_run), tier["stages"]
