"""A server that has died loses its lease at once; one that lives keeps it, whatever has become of its connections."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import update

from kouyu.serving.background import in_background
from kouyu.store import refused
from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.notices import Notice
from kouyu.store.refused import refuses_connections
from kouyu.store.server_sessions import session_has_ended
from kouyu.store.store import Store
from kouyu.store.tables import servers
from tests.store.said import chat

FOREVER = 1e12


class Server:
    """A server with an open chat, and an address at which it does not listen yet. Its lease does not run out."""

    def __init__(self, store: Store, port: socket.socket, chat_id: str) -> None:
        self.store = store
        self.port = port
        self.chat_id = chat_id
        assert store.lease is not None
        self.lease = store.lease
        self._stack = AsyncExitStack()

    async def begin_session(self) -> None:
        """Hear notices of others, as a server does that has started."""
        begun = asyncio.Event()

        async def heard(notice: Notice | None) -> None:
            begun.set()

        await self._stack.enter_async_context(in_background(self.store.notices.listen(heard), "notices"))
        await begun.wait()
        await self.lease.renew()
        await self.last()

    async def end_session(self) -> None:
        """Close the socket to PostgreSQL, as the kernel does for a process that dies; return when PostgreSQL knows."""
        await self._stack.aclose()
        while not await self._has_no_session():  # noqa: ASYNC110 - PostgreSQL does not tell
            await asyncio.sleep(0.01)

    async def last(self) -> None:
        """Let the lease last for ever, so that a server that is forgotten is not so since its time is over."""
        lasting = update(servers).where(servers.c.run == self.lease.run).values(renewed_at=FOREVER)
        await self.store._database.write_one(Executed(lasting))

    async def status(self) -> str:
        found = await self.store.of("").chats.get(self.chat_id)
        assert found is not None
        return found.status

    async def _has_no_session(self) -> bool:
        ended = await self.store._database._reading.run(
            lambda connection: connection.execute(
                servers.select().where(servers.c.run == self.lease.run, session_has_ended())
            ).first()
        )
        return ended is not None


class Executed:
    """A write that executes a statement."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement

    def apply(self, connection: Any) -> None:
        connection.execute(self._statement)


Start = Callable[..., Any]


@pytest.fixture
async def start(shared: str) -> AsyncIterator[Start]:
    """Starts a server on the database."""
    async with AsyncExitStack() as stack:

        async def started(folder: str = "", *, beside_others: bool = False) -> Server:
            store = await stack.enter_async_context(
                await Store.open(shared, folder=folder, beside_others=beside_others)
            )
            port = stack.enter_context(socket.socket())
            port.bind(("127.0.0.1", 0))
            server = Server(store, port, store.ids.next_id())
            stack.push_async_callback(server._stack.aclose)
            await server.lease.announce(f"http://127.0.0.1:{port.getsockname()[1]}")
            conversation = CreateConversation(id="c", bot_id="bot", created_at=1)
            await store.of("").write(conversation, PutChat(chat(server.chat_id, "in_progress")))
            await server.last()
            return server

        yield started


@pytest.fixture(autouse=True)
def sessions_have_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server judges as soon as it has a session."""
    monkeypatch.setattr("kouyu.store.servers.SETTLED_S", 0.0)


async def test_the_chats_of_a_server_that_has_died_are_failed_at_once(start: Start) -> None:
    first, second = await start(), await start()
    await second.begin_session()
    await first.begin_session()
    await first.end_session()
    await second.lease.forget_dead()
    assert (await first.status(), await second.status()) == ("failed", "in_progress")
    assert [server.run for server in await second.lease.all()] == [second.lease.run]


async def test_a_server_that_lost_its_connection_and_accepts_others_keeps_its_lease(start: Start) -> None:
    first, second = await start(), await start()
    await second.begin_session()
    await first.begin_session()
    await first.end_session()
    first.port.listen()  # nobody need accept: it may be paused
    await second.lease.forget_dead()
    assert await first.status() == "in_progress"


async def test_a_server_whose_address_is_wrong_keeps_its_lease_while_it_has_a_session(start: Start) -> None:
    first, second = await start(), await start()
    await second.begin_session()
    await first.begin_session()
    await second.lease.forget_dead()
    assert await first.status() == "in_progress"


async def test_a_server_that_had_no_session_keeps_its_lease_until_it_is_over(start: Start) -> None:
    """As one of an earlier release, or behind a PgBouncer."""
    first, second = await start(), await start()
    await second.begin_session()
    await second.lease.forget_dead()
    assert await first.status() == "in_progress"


async def test_who_has_lost_its_own_session_judges_nobody(start: Start) -> None:
    """A restart of PostgreSQL ends all sessions."""
    first, second = await start(), await start()
    await second.begin_session()
    await first.begin_session()
    await first.end_session()
    await second.end_session()
    await second.lease.forget_dead()
    assert await first.status() == "in_progress"


async def test_who_has_just_begun_its_session_waits_for_those_of_others(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await start(), await start()
    await second.begin_session()
    await first.begin_session()
    await first.end_session()
    monkeypatch.setattr("kouyu.store.servers.SETTLED_S", FOREVER)
    await second.lease.forget_dead()
    assert await first.status() == "in_progress"


async def test_a_session_that_is_begun_anew_counts(start: Start) -> None:
    first, second = await start(), await start()
    await second.begin_session()
    await first.begin_session()
    await first.end_session()
    await first.begin_session()
    await second.lease.forget_dead()
    assert await first.status() == "in_progress"


async def test_a_server_that_starts_on_the_data_folder_of_one_that_has_died_fails_its_chats(start: Start) -> None:
    first, other = await start("folder"), await start("another")
    await first.begin_session()
    await first.end_session()
    first.port.listen()  # the new process has the same address
    await start("folder")
    assert (await first.status(), await other.status()) == ("failed", "in_progress")


@pytest.mark.parametrize("folder", ["another", ""])
async def test_one_on_another_data_folder_does_not(start: Start, folder: str) -> None:
    first = await start("folder" if folder else "")
    await first.begin_session()
    await first.end_session()
    await start(folder)
    assert await first.status() == "in_progress"


async def test_a_copied_data_folder_takes_nothing_from_the_server_that_lives(start: Start) -> None:
    first = await start("folder")
    await first.begin_session()
    await start("folder")
    assert await first.status() == "in_progress"


async def test_a_further_process_of_a_server_takes_nothing_from_the_others(start: Start) -> None:
    first = await start("folder")
    await first.begin_session()
    await first.end_session()
    await start("folder", beside_others=True)
    assert await first.status() == "in_progress"


async def test_a_connection_through_a_pooler_is_no_session(start: Start) -> None:
    server = await start()

    class Pooled:
        """PgBouncer tells its clients a process id of its own."""

        def get_server_pid(self) -> int:
            return 1

        async def fetchval(self, query: str) -> int:
            assert query == "SELECT pg_backend_pid()"
            return 2

    await server.store.notices.connected(Pooled())
    await server.lease.renew()
    assert [each.session for each in await server.lease.all()] == [""]


@asynccontextmanager
async def _bound(*, listens: bool) -> AsyncIterator[str]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        if listens:
            bound.listen()
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize("listens", [True, False])
async def test_an_address_refuses_where_nothing_listens(listens: bool) -> None:
    async with _bound(listens=listens) as address:
        assert await refuses_connections(address) == (not listens)


@pytest.mark.parametrize("address", ["", "http://", "http://127.0.0.1:no", "ftp://127.0.0.1"])
async def test_what_is_no_address_refuses_nothing(address: str) -> None:
    assert not await refuses_connections(address)


async def test_an_address_that_does_not_answer_does_not_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused, "_CONNECT_S", 0.05)

    async def never(host: str, port: int) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "open_connection", never)
    assert not await refuses_connections("http://127.0.0.1:1")


async def test_on_sqlite_nobody_is_looked_for(tmp_path: Any) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        assert store.lease is not None
        await store.lease.forget_dead()
        assert len(await store.lease.all()) == 1
