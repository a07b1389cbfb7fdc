"""The state of lost connections: bounded, kept for a minute, and taken once."""

from pathlib import Path

import pytest

from kouyu.store import lost_connections
from kouyu.store.lost_connections import KEPT_S
from kouyu.store.store import Store


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_what_was_kept_is_taken_once_and_by_its_client_alone(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        await store.lost_connections.keep("ann", "1")
        await store.lost_connections.keep("bob", "2")
        await store.lost_connections.keep("ann", "3")
        assert await store.lost_connections.take("eve") == []
        assert await store.lost_connections.take("ann") == ["1", "3"]
        assert await store.lost_connections.take("ann") == []
        assert await store.lost_connections.take("bob") == ["2"]


async def test_it_is_there_for_a_minute_and_for_the_next_server(tmp_path: Path) -> None:
    clock = Clock()
    async with await Store.open(tmp_path / "kouyu.db", clock=clock) as store:
        await store.lost_connections.keep("ann", "1")
        clock.now += 30
        await store.lost_connections.keep("bob", "2")
    async with await Store.open(tmp_path / "kouyu.db", clock=clock) as store:
        clock.now += KEPT_S - 29
        assert await store.lost_connections.take("ann") == []
        assert await store.lost_connections.take("bob") == ["2"]


async def test_a_server_that_starts_forgets_what_is_too_old(tmp_path: Path) -> None:
    clock = Clock()
    async with await Store.open(tmp_path / "kouyu.db", clock=clock) as store:
        await store.lost_connections.keep("ann", "1")
    clock.now += KEPT_S + 1
    async with await Store.open(tmp_path / "kouyu.db", clock=clock) as store:
        clock.now -= KEPT_S + 1
        assert await store.lost_connections.take("ann") == []


async def test_of_too_many_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_connections, "MOST_KEPT", 3)
    async with await Store.open(tmp_path / "kouyu.db") as store:
        for number in range(5):
            await store.lost_connections.keep(f"client {number}", "x")
        kept = [bool(await store.lost_connections.take(f"client {number}")) for number in range(5)]
    assert kept == [False, False, True, True, True]
