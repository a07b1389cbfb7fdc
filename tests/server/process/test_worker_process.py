"""How the parent keeps one worker running."""

import asyncio
import signal
from typing import Any

import pytest

from kouyu.server.process.workers import restarts
from kouyu.server.process.workers.worker_process import WorkerProcess
from kouyu.settings import Settings

PATIENCE_S = 60


class Start:
    """What the parent gives it to begin with, as far as it is needed here."""

    worker = 0
    settings = Settings()


class EndingAtOnce(WorkerProcess):
    """A worker whose processes are ready, and end at once."""

    def __init__(self) -> None:
        start: Any = Start()
        handing_over: Any = None
        super().__init__(
            start,
            counts_descriptor=-1,
            inherited=(),
            handing_over=handing_over,
            noticed=lambda worker, notice: None,
            ended=self._end,
        )
        self.told: list[str] = []

    async def _end(self, worker: int) -> None:
        pass

    async def _live_once(self) -> int:
        self.ready.set()
        return 1

    def tell(self, what: str, body: bytes = b"") -> None:
        self.told.append(what)


async def test_a_stop_does_not_wait_for_the_pause_before_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "FIRST_PAUSE_S", 10 * PATIENCE_S)
    worker = EndingAtOnce()
    keeping = asyncio.create_task(worker.keep())
    async with asyncio.timeout(PATIENCE_S):
        while worker.restarts.state != "waiting":  # noqa: ASYNC110 - its own task
            await asyncio.sleep(0)
        assert worker.restarts.last_end == "its process ended with status 1"
        worker.signal(signal.SIGTERM)
        await keeping


async def test_settings_that_change_while_a_worker_starts_are_told_when_it_is_ready() -> None:
    worker = EndingAtOnce()
    changed = Settings()
    assert await worker.follow(changed) == ""  # it starts, and was given the former ones
    worker.start.settings = changed  # type: ignore[misc]
    worker.catch_up()
    assert worker.told == []
    worker.ready.set()
    worker.catch_up()
    worker.catch_up()
    assert worker.told == ["settings"]
