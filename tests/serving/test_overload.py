"""When a machine has too much to do: in virtual time, with engines as queues of work of a fixed cost."""

import heapq
import logging
import random
import statistics
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from kouyu.serving.overload import ALWAYS, SETTLING_S, Overload, OverloadLimits

THREADS: Final = 2
JOB_S: Final = 0.15
"""What recognising a question or speaking a first sentence costs; a turn takes both."""
TURN_S: Final = 8.0
"""From one question of a user to the next."""
SAMPLE_S: Final = 0.25
HELD: Final = int(0.8 * THREADS * TURN_S / (2 * JOB_S))
"""Conversations that keep the threads busy for four fifths of the time: 42."""


@dataclass
class Machine:
    """Two threads with one queue, and users who talk. Each waits for a turn's jobs, one after the other."""

    seed: int = 1
    overload: Overload = field(init=False)
    now: float = 0.0
    running: int = 0
    refused: int = 0
    admitted_at: list[float] = field(default_factory=list)
    answers: list[tuple[float, float]] = field(default_factory=list)
    """When, and after how many seconds."""
    switches: int = 0

    def __post_init__(self) -> None:
        self.overload = Overload(clock=lambda: self.now)
        self._random = random.Random(self.seed)
        self._events: list[tuple[float, int, str, tuple[float, int]]] = []
        self._number = 0
        self._queue: list[tuple[float, float, int]] = []
        self._free = THREADS
        self._was_high = False
        self._busy_s = 0.0
        self._later(SAMPLE_S, "sample", (0.0, 0))

    def clients(self, count: int, *, within_s: float, retry_s: float = 5.0) -> None:
        """Let clients connect, who try again when refused."""
        for _ in range(count):
            self._later(self._random.uniform(0, within_s), "dial", (retry_s, 0))

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self._events and self._events[0][0] <= until:
            self.now, _, what, about = heapq.heappop(self._events)
            getattr(self, f"_{what}")(*about)
            self._begin_jobs()
        self.now = until

    def answer_s(self, since: float) -> float:
        """The 75th percentile."""
        return statistics.quantiles([seconds for at, seconds in self.answers if at >= since], n=4)[2]

    def _later(self, delay: float, what: str, about: tuple[float, int]) -> None:
        self._number += 1
        heapq.heappush(self._events, (self.now + delay, self._number, what, about))

    def _dial(self, retry_s: float, _: int) -> None:
        if self.overload.refuses(self.running):
            self.refused += 1
            self._later(retry_s, "dial", (retry_s, 0))
            return
        self.overload.began()
        self.running += 1
        self.admitted_at.append(self.now)
        self._later(self._random.uniform(0, TURN_S), "ask", (0.0, 0))

    def _ask(self, _: float, __: int) -> None:
        self._queue.append((self.now, self.now, 2))
        self._later(self._random.uniform(0.7, 1.3) * TURN_S, "ask", (0.0, 0))

    def _begin_jobs(self) -> None:
        while self._free and self._queue:
            _, asked, jobs = self._queue.pop(0)
            self._free -= 1
            self._later(JOB_S, "done", (asked, jobs - 1))

    def _done(self, asked: float, jobs: int) -> None:
        self._free += 1
        self._busy_s += JOB_S
        if jobs:
            self._queue.append((self.now, asked, jobs))
            return
        self.answers.append((self.now, self.now - asked))
        self.overload.answered(self.now - asked)

    def _sample(self, _: float, __: int) -> None:
        waited_s = self.now - self._queue[0][0] if self._queue else 0.0
        self.overload.sampled(waited_s, 0.0, min(1.0, self._busy_s / (THREADS * SAMPLE_S)))
        self._busy_s = 0.0
        self.switches += self.overload.is_high != self._was_high
        self._was_high = self.overload.is_high
        self._later(SAMPLE_S, "sample", (0.0, 0))


@pytest.fixture(params=[1, 2, 3])
def machine(request: pytest.FixtureRequest) -> Machine:
    """A machine with as many conversations as it holds, after a while."""
    made = Machine(request.param)
    made.clients(HELD, within_s=20.0)
    made.run(180)
    return made


def test_what_the_machine_holds_is_admitted(machine: Machine) -> None:
    assert machine.running == HELD
    assert machine.answer_s(60) < 1.0


def test_with_twice_the_load_the_answers_stay_as_they_were(machine: Machine) -> None:
    before = machine.answer_s(60)
    machine.clients(HELD, within_s=10.0)
    machine.run(180)
    assert machine.refused > 0
    assert machine.answer_s(180) <= 1.3 * before


def test_without_refusing_they_would_not_stay(machine: Machine) -> None:
    before = machine.answer_s(60)
    machine.overload.limits = OverloadLimits(refuse=False)
    machine.clients(HELD, within_s=10.0)
    machine.run(120)
    assert machine.running == 2 * HELD
    assert machine.answer_s(180) > 10 * before


def test_it_does_not_flap(machine: Machine) -> None:
    machine.clients(HELD, within_s=10.0)
    machine.run(600)
    assert machine.switches <= machine.now / 30


def test_a_burst_onto_an_idle_machine_is_admitted() -> None:
    machine = Machine()
    machine.clients(HELD, within_s=1.0)
    machine.run(2)
    assert machine.running == HELD


class Told:
    """An overload that is told its signals."""

    def __init__(self, limits: OverloadLimits | None = None) -> None:
        self.now = 1000.0
        self.overload = Overload(limits, clock=lambda: self.now)

    def after(self, seconds: float, *, waited_s: float = 0.0, lag_s: float = 0.0, busy: float = 0.0) -> bool:
        for _ in range(round(seconds / SAMPLE_S)):
            self.now += SAMPLE_S
            self.overload.sampled(waited_s, lag_s, busy)
        return self.overload.is_high

    def answers(self, seconds: float, count: int = 8) -> bool:
        for _ in range(count):
            self.overload.answered(seconds)
        return self.overload.is_high


def test_each_signal_is_one_and_is_named() -> None:
    waiting, late, slow = Told(), Told(), Told()
    assert waiting.after(20, waited_s=0.4)
    assert waiting.overload.cause == "urgent work for the engines waits 0.40 s"
    assert late.after(20, lag_s=0.3)
    assert late.overload.cause == "the event loop is 0.30 s late"
    assert slow.answers(2.5)
    assert slow.overload.cause == "a quarter of the answers take 2.5 s or longer"
    assert Told().overload.cause == ""


def test_a_moment_of_waiting_is_no_overload() -> None:
    told = Told()
    assert not told.after(0.5, waited_s=1.0)
    assert not told.after(10)


def test_a_few_slow_answers_and_old_ones_are_no_overload() -> None:
    told = Told()
    assert not told.answers(10.0, count=7)
    told.now += 31
    assert not told.answers(10.0, count=7)
    slow_and_fast = Told()
    slow_and_fast.answers(0.5, count=30)
    assert not slow_and_fast.answers(10.0, count=7)


def test_it_ends_when_the_load_has_been_well_below_the_limits_for_a_while() -> None:
    told = Told()
    assert told.after(20, waited_s=0.4)
    assert told.after(60, waited_s=0.2)  # below the limit, not well below
    assert told.after(8)
    assert not told.after(8)


def test_the_log_says_once_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    told = Told()
    told.after(20, waited_s=0.4)
    told.after(30)
    begins, ends = caplog.messages
    assert begins.startswith("overloaded, new conversations are refused: urgent work for the engines waits 0.")
    assert ends == "no longer overloaded, new conversations begin again"


@pytest.mark.parametrize("signal", ["answer_s", "queue_s", "loop_lag_s"])
def test_a_limit_of_zero_ignores_a_signal(signal: str) -> None:
    others = {"answer_s": 1e9, "queue_s": 1e9, "loop_lag_s": 1e9}
    limits: Any = others | {signal: 0.0}
    told = Told(OverloadLimits(**limits))
    told.answers(60.0)
    assert not told.after(60, waited_s=60.0, lag_s=60.0)


def test_the_first_conversations_are_never_refused() -> None:
    told = Told()
    assert told.after(20, waited_s=5.0)
    assert [told.overload.refuses(running) for running in range(ALWAYS + 1)] == [False] * ALWAYS + [True]


def test_a_conversation_is_refused_with_which_the_machine_would_be_too_busy() -> None:
    told = Told()
    told.after(60, busy=0.6)
    began = 0
    while not told.overload.refuses(10 + began):
        told.overload.began()
        began += 1
    assert began == 3  # 13 use less than four fifths, if 10 use three fifths
    assert not told.overload.is_high
    told.after(30, busy=0.6)  # they use less than thought
    assert not told.overload.refuses(13)
    told.overload.limits = OverloadLimits(busy=0)
    told.after(60, busy=1.0)
    assert not told.overload.refuses(13)


def test_conversations_that_have_settled_are_forgotten_though_nobody_asks() -> None:
    told = Told()
    for _ in range(100):
        told.overload.began()
        told.now += SETTLING_S
    assert len(told.overload._newcomers) == 1


def test_nobody_is_refused_where_the_settings_say_so(caplog: pytest.LogCaptureFixture) -> None:
    told = Told(OverloadLimits(refuse=False))
    told.after(60, waited_s=60.0, busy=1.0)
    assert told.overload.level > 1
    assert not told.overload.refuses(100)
    assert not told.overload.is_high
    assert caplog.messages == []
