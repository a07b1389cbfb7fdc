import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial

import pytest

from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import CancelToken, Priority, Scheduler, WorkCancelled
from kouyu.engines.work import STREAM_BUFFER

TIME_LIMIT = 10.0


@asynccontextmanager
async def open_scheduler(workers: int = 2, *, max_waiting: int = 1000) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(workers, max_waiting=max_waiting)
    try:
        async with asyncio.timeout(TIME_LIMIT):
            yield scheduler
    finally:
        await scheduler.close()


class Gate:
    """Work that stands on a worker until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, token: CancelToken) -> None:
        self.entered.set()
        self.opened.wait(TIME_LIMIT)

    async def begun(self) -> None:
        await asyncio.to_thread(self.entered.wait, TIME_LIMIT)


def wait_for_cancel(token: CancelToken) -> None:
    while not token.cancelled:
        time.sleep(0.001)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIME_LIMIT):
        while not condition():  # noqa: ASYNC110 - what is looked at changes on other threads
            await asyncio.sleep(0.001)


async def test_the_result_of_work_comes_back() -> None:
    async with open_scheduler() as scheduler:
        assert await scheduler.run(lambda _: 6 * 7, Priority.FINAL) == 42


async def test_work_does_not_run_on_the_event_loop() -> None:
    async with open_scheduler() as scheduler:
        assert await scheduler.run(lambda _: threading.get_ident(), Priority.FINAL) != threading.get_ident()


@pytest.mark.parametrize("error", [ValueError("bad"), EngineError("worse", retryable=True)])
async def test_what_work_raises_reaches_its_caller(error: Exception) -> None:
    def fail(_: CancelToken) -> None:
        raise error

    async with open_scheduler(1) as scheduler:
        with pytest.raises(type(error)) as caught:
            await scheduler.run(fail, Priority.FINAL)
        assert caught.value is error
        assert await scheduler.run(lambda _: 1, Priority.FINAL) == 1


@pytest.mark.parametrize("error", [StopIteration, SystemExit, KeyboardInterrupt])
async def test_a_worker_outlives_what_no_work_should_raise(error: type[BaseException]) -> None:
    def fail(_: CancelToken) -> None:
        raise error

    async with open_scheduler(1) as scheduler:
        with pytest.raises(RuntimeError):
            await scheduler.run(fail, Priority.FINAL)
        assert await scheduler.run(lambda _: 1, Priority.FINAL) == 1


async def test_waiting_work_runs_by_priority_and_then_in_order_of_arrival() -> None:
    order: list[tuple[Priority, int]] = []
    priorities = list(Priority) * 3
    random.Random(5).shuffle(priorities)
    async with open_scheduler(1) as scheduler, asyncio.TaskGroup() as tasks:
        gate = Gate()
        tasks.create_task(scheduler.run(gate, Priority.FINAL))
        await gate.begun()
        for number, priority in enumerate(priorities):

            def work(_: CancelToken, entry: tuple[Priority, int] = (priority, number)) -> None:
                order.append(entry)

            tasks.create_task(scheduler.run(work, priority))
        await until(lambda: scheduler.load.waiting == len(priorities))
        gate.opened.set()
    assert len(order) == len(priorities)
    assert order == sorted(order)


async def test_a_worker_is_kept_free_for_urgent_work() -> None:
    async with open_scheduler(2) as scheduler, asyncio.TaskGroup() as tasks:
        gates = [Gate() for _ in range(3)]
        for gate in gates:
            tasks.create_task(scheduler.run(gate, Priority.INTERIM))
        await gates[0].begun()
        assert await scheduler.run(lambda _: "quick", Priority.FINAL) == "quick"
        assert await scheduler.run(lambda _: "quick", Priority.FIRST_SENTENCE) == "quick"
        assert not gates[1].entered.is_set()
        for gate in gates:
            gate.opened.set()


async def test_work_cancelled_before_it_begins_never_runs() -> None:
    async with open_scheduler(1) as scheduler, asyncio.TaskGroup() as tasks:
        gate, never = Gate(), Gate()
        tasks.create_task(scheduler.run(gate, Priority.FINAL))
        await gate.begun()
        waiting = tasks.create_task(scheduler.run(never, Priority.FINAL))
        await until(lambda: scheduler.load.waiting == 1)
        waiting.cancel()
        await until(lambda: scheduler.load.waiting == 0)
        gate.opened.set()
        assert await scheduler.run(lambda _: 1, Priority.SPECULATIVE) == 1
        assert not never.entered.is_set()


async def test_cancelling_the_caller_cancels_running_work() -> None:
    seen = Gate()

    def work(token: CancelToken) -> None:
        seen.entered.set()
        wait_for_cancel(token)
        token.check()

    async with open_scheduler(1) as scheduler:
        task = asyncio.create_task(scheduler.run(work, Priority.INTERIM))
        await seen.begun()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: scheduler.load.running == 0)


async def test_load_tells_how_much_waits_and_for_how_long() -> None:
    async with open_scheduler(1) as scheduler, asyncio.TaskGroup() as tasks:
        assert (scheduler.load.waiting, scheduler.load.running, scheduler.load.oldest_wait) == (0, 0, 0.0)
        gate = Gate()
        tasks.create_task(scheduler.run(gate, Priority.FINAL))
        await gate.begun()
        tasks.create_task(scheduler.run(lambda _: None, Priority.FINAL))
        await until(lambda: scheduler.load.waiting == 1)
        assert scheduler.load.running == 1
        before = scheduler.load.oldest_wait
        await asyncio.sleep(0.01)
        assert scheduler.load.oldest_wait > before
        gate.opened.set()


async def test_more_work_than_may_wait_is_refused() -> None:
    async with open_scheduler(1, max_waiting=1) as scheduler, asyncio.TaskGroup() as tasks:
        gate = Gate()
        tasks.create_task(scheduler.run(gate, Priority.FINAL))
        await gate.begun()
        tasks.create_task(scheduler.run(lambda _: None, Priority.FINAL))
        await until(lambda: scheduler.load.waiting == 1)
        with pytest.raises(EngineError) as caught:
            await scheduler.run(lambda _: None, Priority.FINAL)
        assert caught.value.retryable
        gate.opened.set()


async def test_closing_ends_running_and_waiting_work() -> None:
    scheduler = Scheduler(1)

    def until_cancelled(token: CancelToken) -> None:
        wait_for_cancel(token)
        token.check()

    running = asyncio.create_task(scheduler.run(until_cancelled, Priority.FINAL))
    await until(lambda: scheduler.load.running == 1)
    waiting = asyncio.create_task(scheduler.run(lambda _: 1, Priority.FINAL))
    await until(lambda: scheduler.load.waiting == 1)
    await scheduler.close()
    for task in (running, waiting):
        with pytest.raises(WorkCancelled):
            await task
    with pytest.raises(WorkCancelled):
        await scheduler.run(lambda _: 1, Priority.FINAL)
    assert not [thread for thread in threading.enumerate() if thread in scheduler._threads]


async def test_closing_ends_a_stream_that_rests() -> None:
    scheduler = Scheduler(1)
    stream = scheduler.stream(lambda _: range(10 * STREAM_BUFFER), Priority.SENTENCE)
    assert await anext(stream) == 0
    await until(lambda: scheduler.load.running == 0 and scheduler.load.waiting == 0)
    await scheduler.close()
    with pytest.raises(WorkCancelled):
        async for _ in stream:
            pass


async def test_a_stream_gives_its_pieces_in_order_and_ends() -> None:
    async with open_scheduler() as scheduler:
        pieces = [piece async for piece in scheduler.stream(lambda _: range(1000), Priority.SENTENCE)]
        assert pieces == list(range(1000))


async def test_an_error_in_a_stream_comes_after_the_pieces_before_it() -> None:
    def work(_: CancelToken) -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("third")

    async with open_scheduler() as scheduler:
        stream = scheduler.stream(work, Priority.SENTENCE)
        assert [await anext(stream), await anext(stream)] == [1, 2]
        with pytest.raises(ValueError, match="third"):
            await anext(stream)


async def test_a_stream_that_nobody_reads_does_not_begin() -> None:
    gate = Gate()

    def gated(token: CancelToken) -> Iterator[int]:
        gate(token)
        yield 1

    async with open_scheduler(1) as scheduler:
        scheduler.stream(gated, Priority.SENTENCE)
        await scheduler.run(lambda _: None, Priority.SPECULATIVE)
        assert not gate.entered.is_set()


async def test_a_slow_reader_holds_no_thread_and_bounds_what_is_made() -> None:
    made = 0

    def work(_: CancelToken) -> Iterator[int]:
        nonlocal made
        while made < 5 * STREAM_BUFFER:
            made += 1
            yield made

    async with open_scheduler(1) as scheduler:
        stream = scheduler.stream(work, Priority.SENTENCE)
        assert await anext(stream) == 1
        await until(lambda: scheduler.load.running == 0 and scheduler.load.waiting == 0)
        assert made <= STREAM_BUFFER + 2
        assert await scheduler.run(lambda _: 1, Priority.SPECULATIVE) == 1
        rest = [piece async for piece in stream]
        assert rest == list(range(2, 5 * STREAM_BUFFER + 1))


async def test_urgent_work_goes_between_the_pieces_of_a_stream() -> None:
    go_on = threading.Semaphore(0)

    def work(_: CancelToken) -> Iterator[int]:
        for piece in range(3):
            go_on.acquire(timeout=TIME_LIMIT)
            yield piece

    async with open_scheduler(1) as scheduler, asyncio.TaskGroup() as tasks:
        stream = scheduler.stream(work, Priority.SENTENCE)
        first = tasks.create_task(anext(stream))
        await until(lambda: scheduler.load.running == 1)
        urgent = tasks.create_task(scheduler.run(lambda _: "urgent", Priority.FINAL))
        await until(lambda: scheduler.load.waiting == 1)
        go_on.release()
        assert await first == 0
        assert await urgent == "urgent"
        go_on.release(2)
        assert [piece async for piece in stream] == [1, 2]


@pytest.mark.parametrize("pieces_read", [1, 5])
async def test_closing_a_stream_early_closes_its_iterator(pieces_read: int) -> None:
    closed = threading.Event()
    tokens: list[CancelToken] = []

    def work(token: CancelToken) -> Iterator[int]:
        tokens.append(token)
        try:
            yield from range(10_000)
        finally:
            closed.set()

    async with open_scheduler(1) as scheduler:
        stream = scheduler.stream(work, Priority.SENTENCE)
        for expected in range(pieces_read):
            assert await anext(stream) == expected
        await stream.aclose()
        await until(closed.is_set)
        assert tokens[0].cancelled


async def test_cancelling_the_reader_of_a_stream_stops_its_work() -> None:
    stopped = threading.Event()

    def work(token: CancelToken) -> Iterator[int]:
        try:
            yield 0
            wait_for_cancel(token)
        finally:
            stopped.set()

    async with open_scheduler(1) as scheduler:

        async def read() -> None:
            async for _ in scheduler.stream(work, Priority.SENTENCE):
                reading.set()

        reading = asyncio.Event()
        reader = asyncio.create_task(read())
        await reading.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await until(stopped.is_set)


def test_a_loop_that_closed_meanwhile_does_not_stop_the_workers() -> None:
    scheduler = Scheduler(1)
    gate = Gate()

    async def abandon() -> None:
        task = asyncio.ensure_future(scheduler.run(gate, Priority.FINAL))
        await gate.begun()
        task.cancel()

    asyncio.run(abandon())
    gate.opened.set()

    async def go_on() -> int:
        result = await scheduler.run(lambda _: 1, Priority.FINAL)
        await scheduler.close()
        return result

    assert asyncio.run(go_on()) == 1


async def test_nothing_is_lost_among_many_calls_streams_and_cancels() -> None:
    chance = random.Random(11)

    async def call(scheduler: Scheduler, number: int, priority: Priority) -> None:
        assert await scheduler.run(lambda _: number, priority) == number

    async def read(scheduler: Scheduler, length: int, priority: Priority, stop_at: int) -> None:
        seen: list[int] = []
        async with aclosing(scheduler.stream(lambda _: range(length), priority)) as stream:
            async for piece in stream:
                seen.append(piece)
                if piece == stop_at:
                    break
                if piece % 50 == 0:
                    await asyncio.sleep(0)
        assert seen == list(range(min(length, stop_at + 1)))

    async with open_scheduler(3) as scheduler:
        tasks: list[asyncio.Task[None]] = []
        doomed: list[asyncio.Task[None]] = []
        for number in range(600):
            priority = chance.choice(list(Priority))
            if chance.random() < 0.7:
                task = asyncio.create_task(call(scheduler, number, priority))
            else:
                task = asyncio.create_task(read(scheduler, chance.randrange(200), priority, chance.randrange(400)))
            tasks.append(task)
            if chance.random() < 0.3:
                doomed.append(task)
            if chance.random() < 0.2:
                await asyncio.sleep(chance.random() / 1000)
                while doomed:
                    doomed.pop().cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} <= {type(None), asyncio.CancelledError}
        await until(lambda: scheduler.load.running == 0 and scheduler.load.waiting == 0)
        assert not scheduler._resting


class Counter:
    """Work for several callers: a list of how many it was done for at once."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    def __call__(self, asked: Sequence[tuple[str, CancelToken]]) -> Iterator[Callable[[], str]]:
        self.groups.append([item for item, _ in asked])
        if "all" in self.groups[-1]:
            raise ValueError("all of it")
        for item, _ in asked:
            yield partial(self._result, item)

    def _result(self, item: str) -> str:
        if item == "bad":
            raise ValueError("this one")
        return item.upper()


async def test_what_waits_is_done_together_by_group_and_priority() -> None:
    async with open_scheduler(1) as scheduler:
        gate, counter = Gate(), Counter()
        held = asyncio.create_task(scheduler.run(gate, Priority.FINAL))
        await gate.begun()
        asked = [("a", 1, Priority.FINAL), ("x", 2, Priority.FINAL), ("i", 1, Priority.BATCH)]
        asked += [(item, 1, Priority.FINAL) for item in "bcde"]
        tasks = [
            asyncio.create_task(scheduler.run_together(counter, item, group=group, priority=priority))
            for item, group, priority in asked
        ]
        await until(lambda: scheduler.load.waiting == 7)
        gate.opened.set()
        assert await asyncio.gather(*tasks) == ["A", "X", "I", "B", "C", "D", "E"]
        assert counter.groups == [["a", "b", "c", "d"], ["x"], ["e"], ["i"]]
        await held


async def test_of_work_done_together_each_caller_gets_its_own_result_or_error() -> None:
    async with open_scheduler(1) as scheduler:
        gate, counter = Gate(), Counter()
        held = asyncio.create_task(scheduler.run(gate, Priority.FINAL))
        await gate.begun()
        tasks = [
            asyncio.create_task(scheduler.run_together(counter, item, group=1, priority=Priority.FINAL))
            for item in ("a", "gone", "bad", "b")
        ]
        await until(lambda: scheduler.load.waiting == 4)
        tasks[1].cancel()
        await until(lambda: scheduler.load.waiting == 3)
        gate.opened.set()
        a, gone, bad, b = await asyncio.gather(*tasks, return_exceptions=True)
        assert (a, b, str(bad)) == ("A", "B", "this one")
        assert isinstance(gone, asyncio.CancelledError)
        assert counter.groups == [["a", "bad", "b"]]
        with pytest.raises(ValueError, match="all of it"):
            await scheduler.run_together(counter, "all", group=1, priority=Priority.FINAL)
        assert await scheduler.run_together(counter, "c", group=1, priority=Priority.FINAL) == "C"
        await held
