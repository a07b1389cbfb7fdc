"""A PostgreSQL that restarts, stands still or is away: what is saved waits, and who reads is told in time."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from kouyu.store.database import Database
from kouyu.store.errors import DatabaseAway
from kouyu.store.notices import Notice, SectionChanged
from kouyu.store.options import StoreOptions
from kouyu.store.store import Store
from tests.standins.postgres import NEEDED, Postgres, is_installed, running_postgres

PATIENCE_S = 60


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """A server that no other test uses, since it is stopped and restarted."""
    if not is_installed():
        pytest.skip(NEEDED)
    with running_postgres() as server:
        yield server


@pytest.fixture
async def store(own_postgres: Postgres) -> AsyncIterator[Store]:
    async with Store(await open_patiently(own_postgres, 60.0)) as opened:
        yield opened


async def open_patiently(postgres: Postgres, patience_s: float) -> Database:
    return await Database.open(postgres.url(), options=StoreOptions(timeout_s=patience_s, patience_s=patience_s))


async def begin(store: Store, conversation_id: str) -> None:
    await store.of("").conversations.create_if_missing(conversation_id, "bot")


@contextmanager
def standing_still(postgres: Postgres) -> Iterator[None]:
    """Stop all of the server's processes, as a machine that hangs."""
    children = subprocess.run(["pgrep", "-P", str(postgres.pid)], check=True, capture_output=True, text=True).stdout
    processes = [postgres.pid, *(int(each) for each in children.split())]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_what_is_saved_during_a_restart_waits_and_is_saved(
    own_postgres: Postgres, store: Store, mode: str
) -> None:
    saved = [asyncio.create_task(begin(store, f"{mode}{number}")) for number in range(5)]
    await asyncio.to_thread(own_postgres.control, "restart", "-m", mode)
    saved += [asyncio.create_task(begin(store, f"{mode}{number}")) for number in range(5, 10)]
    await asyncio.gather(*saved)
    for number in range(10):
        assert await store.of("").conversations.get(f"{mode}{number}") is not None


async def test_who_reads_after_a_restart_of_an_idle_database_notices_nothing(
    own_postgres: Postgres, store: Store
) -> None:
    await asyncio.gather(*(store.check() for _ in range(8)))  # every connection has been used
    await asyncio.to_thread(own_postgres.control, "restart", "-m", "fast")
    await asyncio.gather(*(store.check() for _ in range(8)))


async def test_news_of_other_servers_come_again_after_a_restart(own_postgres: Postgres, store: Store) -> None:
    heard: asyncio.Queue[Notice | None] = asyncio.Queue()
    listening = asyncio.create_task(store.notices.listen(heard.put))
    try:
        async with asyncio.timeout(PATIENCE_S):
            assert await heard.get() is None  # it is connected
        await store.check()  # this connection stays, and the server waits for it
        stopping = asyncio.create_task(asyncio.to_thread(own_postgres.control, "stop", "-m", "smart"))
        await asyncio.sleep(0.5)
        lost = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN \"kouyu\"'"
        assert await store._database.scalar(text(lost))
        await asyncio.sleep(1.5)  # the server answers that it is shutting down
        await asyncio.to_thread(own_postgres.control, "stop", "-m", "fast")
        await stopping
        await asyncio.to_thread(own_postgres.control, "start")
        async with asyncio.timeout(PATIENCE_S):
            assert await heard.get() is None
        async with Store(await open_patiently(own_postgres, 60.0)) as other:
            await begin(other, "told")
            await other.of("").conversations.set_section("told", "2")
        async with asyncio.timeout(PATIENCE_S):
            assert await heard.get() == SectionChanged("told")
    finally:
        listening.cancel()
        await asyncio.wait({listening})


async def test_a_database_that_stays_away_is_told_as_that_to_everybody_who_waits(own_postgres: Postgres) -> None:
    async with Store(await open_patiently(own_postgres, 0.5)) as store:
        await asyncio.to_thread(own_postgres.control, "stop", "-m", "fast")
        try:
            waiting = [begin(store, str(number)) for number in range(20)]
            told = await asyncio.gather(*waiting, store.check(), return_exceptions=True)
        finally:
            await asyncio.to_thread(own_postgres.control, "start")
        assert {type(each) for each in told} == {DatabaseAway}
        await begin(store, "afterwards")


async def test_a_database_that_stands_still_holds_nobody_longer_than_the_time_out(own_postgres: Postgres) -> None:
    async with Store(await open_patiently(own_postgres, 0.5)) as store:
        await begin(store, "before")
        with standing_still(own_postgres):
            told = await asyncio.gather(store.check(), begin(store, "meanwhile"), return_exceptions=True)
        assert {type(each) for each in told} == {DatabaseAway}
    async with Store(await open_patiently(own_postgres, 60.0)) as store:
        await begin(store, "afterwards")
