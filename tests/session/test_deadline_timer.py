"""When a session is woken, on the event loop that servers run on and on Python's own."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

from kouyu.session.deadline_timer import DeadlineTimer

SOON_S = 0.02
LONG_S = 60.0
LOOPS = pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


async def rings(alarm: DeadlineTimer) -> None:
    async with asyncio.timeout(LONG_S / 2):
        await alarm.wait()


@LOOPS
@pytest.mark.parametrize("past_s", [0.0, 0.0001, 1.0])
def test_it_can_be_set_again_after_a_moment_that_has_come_already(loop_factory: LoopFactory, past_s: float) -> None:
    async def session() -> None:
        alarm, now = DeadlineTimer(), asyncio.get_running_loop().time()
        alarm.set(now - past_s)
        alarm.set(now + LONG_S)
        alarm.set(now - past_s - 1)
        await rings(alarm)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(session())


@LOOPS
def test_the_earliest_moment_counts(loop_factory: LoopFactory) -> None:
    async def session() -> None:
        alarm, now = DeadlineTimer(), asyncio.get_running_loop().time()
        alarm.set(now + LONG_S)
        alarm.set(now + SOON_S)
        alarm.set(now + LONG_S)
        await rings(alarm)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(session())


async def test_once_it_has_rung_it_is_silent_until_it_is_set() -> None:
    alarm = DeadlineTimer()
    alarm.ring()
    await rings(alarm)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON_S):
            await alarm.wait()


async def test_a_ring_clears_the_deadline() -> None:
    alarm = DeadlineTimer()
    alarm.set(asyncio.get_running_loop().time() + SOON_S)
    alarm.ring()
    await rings(alarm)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5 * SOON_S):
            await alarm.wait()
