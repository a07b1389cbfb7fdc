"""What a database does is counted as what was done, without what the measurement itself does."""

import os
import subprocess
import sys

from bench.scaling.counters import DatabaseCounters, cpu_s
from kouyu.store.store import Store
from tests.bench.scaling.given import counters


async def test_transactions_that_write_and_notices_are_counted(shared: str) -> None:
    async with await Store.open(shared) as store, DatabaseCounters(shared) as database:
        before, (used, _) = await database.writes(), await database.cpu_s()
        for number in range(5):
            await store.tokens.create(f"phone-{number}")
        assert await database.writes() >= before + 5  # PostgreSQL's own, such as an analysis, are among them
        assert (await database.cpu_s())[0] > used
        assert database.notices == 0
        _, sending = await database.cpu_s()
        await database.notify('{"sender": "bench", "notice": {"type": "use", "server": "bench"}}', 3, 0.0)
        await database.writes()  # notices have come before its answer
        assert database.notices == 3
        assert (await database.cpu_s())[1] > sending
        assert await database.writes() >= before + 5 + 3


def test_processor_time_of_children_that_have_ended_still_counts() -> None:
    work = "x = 0\nfor _ in range(3_000_000): x += 1"
    before = cpu_s([os.getpid()])
    subprocess.run([sys.executable, "-c", work], check=True)
    assert cpu_s([os.getpid()]) > before


def test_what_was_used_is_a_difference_and_idle_use_is_taken_off() -> None:
    used = counters(seconds=20.0, writes=50).since(counters(seconds=10.0, writes=20))
    assert used == counters(seconds=10.0, writes=30)
    assert used.plus(counters(seconds=5.0, writes=4), -2) == counters(writes=22)
