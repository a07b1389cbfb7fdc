"""Limits of tokens, and failed authentications, count over the servers of one PostgreSQL database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from kouyu.domain.errors import TryLater
from kouyu.domain.ids import MOST_SERVERS
from kouyu.server.access import shared_use
from kouyu.server.access.failure_backoff import FAILURES_AT_ONCE, FailureBackoff
from kouyu.server.access.limits import TokenLimiter
from kouyu.server.access.shared_use import EVERY_S, KEPT_S, MOST_NOTICES_S, MOST_TOLD, REPEATED_S, SharedUse, pause_s
from kouyu.store.notices import Notice, UseCounted
from kouyu.store.store import Store
from kouyu.store.token_records import TokenLimits, TokenRecord
from tests.store.clock import Clock


class Server:
    """What of a server counts and shares."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.limiter = TokenLimiter(store.tokens, clock)
        self.failures = FailureBackoff(clock)
        self.shared = SharedUse(store, self.limiter, self.failures, clock)
        self._heard = 0
        self._hears = asyncio.Event()

    async def heard(self, notices: int) -> None:
        """Wait until as many notices have come."""
        async with asyncio.timeout(60):
            while self._heard < notices:
                self._hears.clear()
                await self._hears.wait()

    async def take(self, notice: Notice | None) -> None:
        self._heard += notice is not None
        self._hears.set()
        self.connected.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Server"]:
        self.connected = asyncio.Event()
        task = asyncio.create_task(self.store.notices.listen(self.take))
        try:
            await self.connected.wait()
            yield self
        finally:
            task.cancel()
            await asyncio.wait({task})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def two(shared: str, clock: Clock) -> AsyncIterator[tuple[Server, Server]]:
    async with (
        await Store.open(shared) as first,
        await Store.open(shared) as second,
        Server(first, clock).listening() as one,
        Server(second, clock).listening() as other,
    ):
        yield one, other


Two = tuple[Server, Server]


async def limited(server: Server, **limits: int) -> TokenRecord:
    record, _ = await server.store.tokens.create("phone", limits=TokenLimits(**limits))
    return record


async def test_requests_at_one_server_count_at_the_other(two: Two, clock: Clock) -> None:
    first, second = two
    token = await limited(first, requests_a_minute=6)
    assert [first.limiter.request(token) for _ in range(4)] == [None] * 4
    await first.shared.tell()
    await second.heard(1)
    assert [second.limiter.request(token) is None for _ in range(3)] == [True, True, False]
    clock.now += 10
    assert second.limiter.request(token) is None


async def test_conversations_at_one_server_count_at_the_other_while_it_lives(two: Two, clock: Clock) -> None:
    first, second = two
    token = await limited(first, conversations=2)
    use = first.limiter.caller(token).use
    use.begin_conversation()
    use.begin_conversation()
    await first.shared.tell()
    await second.heard(1)
    with pytest.raises(TryLater, match="limit of conversations at once, 2"):
        second.limiter.caller(token).use.begin_conversation()
    use.end_conversation()
    await first.shared.tell()
    await second.heard(2)
    second.limiter.caller(token).use.begin_conversation()
    assert second.limiter.conversation(token) is not None
    clock.now += KEPT_S  # the first tells no more: it is gone
    assert second.limiter.conversation(token) is None


async def test_failures_at_one_server_count_at_the_other(two: Two) -> None:
    first, second = two
    for _ in range(FAILURES_AT_ONCE):
        first.failures.failed("10.0.0.1")
    await first.shared.tell()
    await second.heard(1)
    assert second.failures.wait_s("10.0.0.1") == 1
    assert second.failures.wait_s("10.0.0.2") == 0


async def test_nothing_is_told_without_anything_to_tell_and_conversations_are_repeated(
    two: Two, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = two
    told: list[Notice] = []

    async def tell(notice: Notice) -> None:
        told.append(notice)

    monkeypatch.setattr(first.store, "tell", tell)
    unlimited, _ = await first.store.tokens.create("free")
    first.limiter.request(unlimited)
    first.limiter.caller(unlimited).use.begin_conversation()
    await first.shared.tell()
    assert told == []
    first.limiter.caller(await limited(first, conversations=2)).use.begin_conversation()
    for passes_s in (0.0, 1.0, REPEATED_S):
        clock.now += passes_s
        await first.shared.tell()
    assert len(told) == 2


def test_many_servers_tell_less_often_but_before_what_they_told_is_forgotten() -> None:
    assert [pause_s(servers) for servers in (1, 10, 50)] == [EVERY_S] * 3
    assert all(servers / pause_s(servers) < MOST_NOTICES_S + 0.001 for servers in range(1, 251))
    assert pause_s(MOST_SERVERS) == REPEATED_S < KEPT_S / 2


async def test_a_server_waits_longer_where_it_hears_of_many_others(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    _, server = two
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) > 1:
            raise asyncio.CancelledError
        for number in range(100):
            server.shared.take(UseCounted(server=str(number)))

    monkeypatch.setattr(shared_use, "asyncio", SimpleNamespace(sleep=sleep))
    with pytest.raises(asyncio.CancelledError):
        await server.shared.keep()
    assert waited == [EVERY_S, 101 / MOST_NOTICES_S]


async def test_many_failures_fit_into_the_notices(two: Two) -> None:
    first, second = two
    for number in range(2 * MOST_TOLD):
        first.failures.failed(f"2001:0db8:85a3:0000:0000:8a2e:0370:{number:04x}")
    for _ in range(3):
        await first.shared.tell()
    await second.heard(2)
    assert len(second.failures._levels) == 2 * MOST_TOLD


async def test_a_store_of_one_server_shares_nothing(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> None:
    async with await Store.open(tmp_path_factory.mktemp("one") / "kouyu.db") as store:
        limiter = TokenLimiter(store.tokens, clock)
        async with SharedUse.of(store, limiter) as failures:
            failures.failed("10.0.0.1")
            assert failures.failures is None
            assert limiter.admitted is None
