"""What is noticed of an event loop that is held."""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable

import pytest
import uvloop

from kouyu.diagnostics.loop_watchdog import LoopWatchdog


def compute(seconds: float, seen: Callable[[], bool], spoken: str) -> None:
    """Hold the loop with real work, for so long by the clock, and until it was seen, which a busy machine may delay."""
    until = time.monotonic() + seconds
    while time.monotonic() < until or (not seen() and time.monotonic() < until + 20):
        spoken.upper()


async def hold_once(watchdog: LoopWatchdog, seconds: float, seen: Callable[[], bool]) -> None:
    async with watchdog.watching():
        await asyncio.sleep(0.1)
        compute(seconds, seen, "what somebody said")
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("new_event_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_where_the_loop_was_held_is_logged_and_counted(
    new_event_loop: object, caplog: pytest.LogCaptureFixture
) -> None:
    watchdog = LoopWatchdog()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:  # type: ignore[arg-type]
        runner.run(hold_once(watchdog, 0.4, lambda: bool(watchdog._told)))
    assert watchdog.holds.count >= 1
    assert watchdog.holds.longest_ms >= 100
    told = [record.getMessage() for record in caplog.records]
    (line,) = [line for line in told if "compute" in line]
    assert f"at {__name__}:" in line
    assert " compute < " in line
    assert " hold_once" in line
    assert "what somebody said" not in line


async def test_what_is_still_held_is_logged_before_it_ends_and_once_for_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watchdog = LoopWatchdog()
    seen_while_held: list[str] = []

    async with watchdog.watching():
        await asyncio.sleep(0.1)
        for _ in range(2):
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                time.sleep(0.3)  # noqa: ASYNC251 - this is what is looked for
            seen_while_held += [record.getMessage() for record in caplog.records]
            await asyncio.sleep(0.1)
    assert any("has been blocked" in line for line in seen_while_held)
    assert watchdog.holds.count >= 2
    told = [text for text in caplog.messages if "was blocked" in text]
    assert sys.platform != "linux" or "the rest it waited" in told[0]
    places = [text.partition(", at ")[2].partition(" < ")[0] for text in told]
    assert f"{__name__}:" in places[0]
    assert len(places) == len(set(places))


async def test_short_work_is_not_noticed_and_no_thread_is_left(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = LoopWatchdog(held_s=3.0)
    caplog.set_level(logging.WARNING)
    await hold_once(watchdog, 0.2, lambda: True)
    assert watchdog.holds.count == 0
    assert not caplog.records
    assert "loop-watchdog" not in {thread.name for thread in threading.enumerate()}
