"""What each signal asks for."""

import signal
import subprocess
import sys

import pytest

from kouyu.server.process.stopping import INTERRUPTED, Stopping

TERM, INT = signal.SIGTERM, signal.SIGINT


@pytest.fixture
async def stopping(monkeypatch: pytest.MonkeyPatch) -> Stopping:
    """Of a server that has started, without the deadline that would end the tests."""
    monkeypatch.setattr("kouyu.server.process.stopping._end_process_after", lambda _: None)
    made = Stopping()
    made.started()
    return made


async def test_sigterm_asks_to_stop_with_patience(stopping: Stopping) -> None:
    stopping.signalled(TERM)
    assert stopping.asked.is_set()
    assert not stopping.at_once.is_set()


@pytest.mark.parametrize("signals", [(INT,), (TERM, TERM), (TERM, INT)])
async def test_ctrl_c_and_a_second_signal_ask_to_stop_at_once(
    stopping: Stopping, signals: tuple[signal.Signals, ...]
) -> None:
    for number in signals:
        stopping.signalled(number)
    assert stopping.at_once.is_set()


@pytest.mark.parametrize("signals", ["(SIGINT, SIGINT)", "(SIGTERM, SIGTERM, SIGTERM)", "(SIGTERM, SIGINT, SIGTERM)"])
def test_a_signal_after_that_ends_the_process(signals: str) -> None:
    script = f"""
import asyncio
from signal import SIGINT, SIGTERM
from kouyu.server.process.stopping import Stopping

async def main():
    stopping = Stopping()
    stopping.started()
    for number in {signals}:
        stopping.signalled(number)

asyncio.run(main())
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == INTERRUPTED
