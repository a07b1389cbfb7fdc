"""Several servers on one database: whose chat it is, and what happens to the chats of one that is gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, update
from sqlalchemy.ext.asyncio import create_async_engine

from kouyu.conversation.effects import SaveChat
from kouyu.domain.chats import ChatStatus
from kouyu.domain.ids import server_of
from kouyu.serving.recorder import Recorder
from kouyu.store.chats import BeginChat, PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.errors import ChatEnded, ChatRuns, IdTaken
from kouyu.store.message_writes import AddMessage
from kouyu.store.server_writes import FailAbandoned, Renew
from kouyu.store.store import Store
from kouyu.store.tables import servers
from tests.store.said import chat, message

CONVERSATION = CreateConversation(id="c", bot_id="bot", created_at=1)


@asynccontextmanager
async def two_servers(location: str) -> AsyncIterator[tuple[Store, Store]]:
    async with await Store.open(location) as first, await Store.open(location) as second:
        yield first, second


async def expire(location: str, store: Store) -> None:
    """Let the lease of a server run out, as if it had not been renewed for long."""
    engine = create_async_engine(make_url(location).set(drivername="postgresql+asyncpg"))
    async with engine.begin() as connection:
        number = store.ids.server
        await connection.execute(update(servers).where(servers.c.number == number).values(renewed_at=0.0))
    await engine.dispose()


async def put(store: Store, chat_id: str, status: ChatStatus = "in_progress") -> None:
    await store.of("").write(CONVERSATION, PutChat(chat(chat_id, status)))


async def status_of(store: Store, chat_id: str) -> str:
    found = await store.of("").chats.get(chat_id)
    assert found is not None
    return found.status


@pytest.fixture(autouse=True)
def database_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database of the tests has come up a moment ago; leases run out on one that has been up for longer."""
    monkeypatch.setattr("kouyu.store.dialect.up_since", lambda connection: 0.0)


async def test_each_server_has_a_number_of_its_own_in_its_ids(shared: str) -> None:
    async with two_servers(shared) as (first, second):
        assert {server_of(first.ids.next_id()), server_of(second.ids.next_id())} == {1, 2}
        assert first.lease is not None
        assert [server.number for server in await first.lease.all()] == [1, 2]
    async with await Store.open(shared) as third:
        assert third.ids.server == 1  # the others have given theirs back


async def test_a_starting_server_leaves_the_open_chats_of_the_others_alone(shared: str) -> None:
    async with await Store.open(shared) as first:
        chat_id = first.ids.next_id()
        await put(first, chat_id)
        async with await Store.open(shared) as second:
            assert await status_of(second, chat_id) == "in_progress"


async def test_the_chats_of_a_server_that_is_gone_are_failed_by_another(shared: str) -> None:
    async with two_servers(shared) as (first, second):
        left, own = first.ids.next_id(), second.ids.next_id()
        await put(first, left)
        await put(second, own)
        await expire(shared, first)
        assert await second._database.write_one(FailAbandoned(7)) == 1
        assert (await status_of(second, left), await status_of(second, own)) == ("failed", "in_progress")


async def test_a_starting_server_fails_the_chats_of_the_server_whose_number_it_gets(shared: str) -> None:
    async with await Store.open(shared) as first:
        left = first.ids.next_id()
        await put(first, left)
        await expire(shared, first)
        async with await Store.open(shared) as second:
            assert second.ids.server == first.ids.server
            assert await status_of(second, left) == "failed"


async def test_a_lease_is_renewed_and_one_that_ran_out_is_taken_anew(shared: str) -> None:
    async with two_servers(shared) as (first, second):
        assert first.lease is not None
        await first.lease.renew()
        await expire(shared, first)
        await second._database.write_one(FailAbandoned(7))
        assert not await second._database.write_one(Renew(first.lease._run))
        await first.lease.renew()
        assert first.ids.server == 1
        assert len(await first.lease.all()) == 2


async def test_no_lease_runs_out_where_the_database_was_away(shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with two_servers(shared) as (first, second):
        left = first.ids.next_id()
        await put(first, left)
        await expire(shared, first)
        monkeypatch.setattr("kouyu.store.dialect.up_since", lambda connection: 4_000_000_000.0)
        assert await second._database.write_one(FailAbandoned(7)) == 0
        assert await status_of(second, left) == "in_progress"


async def test_a_chat_that_another_server_has_failed_cannot_be_completed(store: Store) -> None:
    await put(store, "1")
    await put(store, "1", "failed")
    with pytest.raises(ChatEnded):
        await put(store, "1", "completed")
    assert await status_of(store, "1") == "failed"
    await put(store, "1", "failed")  # saved again, as after a lost connection


async def test_of_two_chats_that_begin_at_once_in_a_conversation_one_is_refused(shared: str) -> None:
    async with two_servers(shared) as (first, second):
        await first.of("").write(CONVERSATION)
        for attempt in range(10):
            began = await asyncio.gather(
                first.of("").write(BeginChat(PutChat(chat(f"a{attempt}", "in_progress")))),
                second.of("").write(BeginChat(PutChat(chat(f"b{attempt}", "in_progress")))),
                return_exceptions=True,
            )
            assert [type(each) for each in began if each is not None] == [ChatRuns]
            await first.of("").write(PutChat(chat(f"{'a' if began[0] is None else 'b'}{attempt}", "completed")))


async def test_a_chat_begins_beside_one_that_waits_for_its_client(store: Store) -> None:
    await put(store, "1", "requires_action")
    await store.of("").write(BeginChat(PutChat(chat("2", "in_progress"))))
    with pytest.raises(ChatRuns):
        await store.of("").write(BeginChat(PutChat(chat("3", "in_progress"))))


async def test_an_id_never_carries_words_into_another_conversation(store: Store) -> None:
    anns = message("1", "My name is Ann.")
    bobs = message("1", "My name is Bob.", conversation_id="d")
    await store.of("").write(CONVERSATION, CreateConversation(id="d", bot_id="bot", created_at=1))
    await store.of("").write(AddMessage(anns, 1))
    with pytest.raises(IdTaken):
        await store.of("").write(AddMessage(bobs, 2))
    kept = await store.of("").messages.get("c", "1")
    assert kept is not None
    assert kept.content == "My name is Ann."
    assert await store.of("").messages.get("d", "1") is None


def test_a_store_on_sqlite_has_one_server(tmp_path: Path) -> None:
    async def restarted() -> tuple[int, str]:
        killed = await Store.open(tmp_path / "kouyu.db")
        left = killed.ids.next_id()
        await put(killed, left)
        async with await Store.open(tmp_path / "kouyu.db") as store:
            found = store.ids.server, await status_of(store, left)
        await killed._database.close()
        return found

    assert asyncio.run(restarted()) == (1, "failed")


async def test_a_chat_whose_end_could_not_be_saved_is_failed_as_soon_as_it_can(store: Store) -> None:
    assert store.lease is not None
    recorder = Recorder(store.of(""), bot_id="bot")
    for chat_id in ("1", "2"):
        recorder.save(SaveChat(chat(chat_id, "in_progress"), ""))
    await recorder.written(recorder.ticket)
    recorder.save(SaveChat(chat("1", "completed"), ""))
    await recorder.written(recorder.ticket)
    recorder.save(SaveChat(chat("2", "completed"), ""))  # never written
    recorder.abandon()
    await store.lease.fail_abandoned()
    assert (await status_of(store, "1"), await status_of(store, "2")) == ("completed", "failed")
