import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, event, text

from kouyu.store import dialect, writer
from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.database import Database
from kouyu.store.errors import StoreClosed, StoreError, UnknownConversation
from kouyu.store.message_writes import AddMessage
from kouyu.store.ownership import OwnedDatabase, OwnedWrite, WriteOf
from kouyu.store.store import Store
from tests.store.said import chat, message

CONVERSATION = CreateConversation(id="c", bot_id="bot", created_at=1)


class Broken(msgspec.Struct, frozen=True):
    """A write that fails, by a bug or in the database."""

    statement: str = ""

    def apply(self, connection: Connection, owner: str) -> None:
        if not self.statement:
            raise ZeroDivisionError("a bug in a write")
        connection.execute(text(self.statement))


@pytest.fixture
async def database(location: str | Path) -> AsyncIterator[Database]:
    opened = await Database.open(location)
    await OwnedDatabase(opened, "").write(CONVERSATION)
    yield opened
    await opened.close()


async def messages_kept(database: Database) -> int:
    return int(await database.scalar(text("SELECT count(*) FROM messages")))


async def test_fifty_sessions_write_and_read_at_once(store: Store) -> None:
    async def session(number: int) -> None:
        conversation_id = f"c{number}"
        await store.of("").conversations.create_if_missing(conversation_id, "bot")
        for turn in range(4):
            said = message(f"{number}-{turn}", conversation_id=conversation_id, section_id=conversation_id)
            await store.of("").write(
                AddMessage(said, 1), PutChat(chat(f"{number}-{turn}", conversation_id=conversation_id))
            )
            context = await store.of("").messages.context(conversation_id, conversation_id, 10)
            assert [each.id for each in context] == [f"{number}-{before}" for before in range(turn + 1)]

    async with asyncio.TaskGroup() as sessions:
        for number in range(50):
            sessions.create_task(session(number))


async def test_writes_that_wait_together_share_a_commit(database: Database) -> None:
    commits = 0

    def count(_: Connection) -> None:
        nonlocal commits
        commits += 1

    event.listen(database._writing.engine, "commit", count)
    await asyncio.gather(
        *(OwnedDatabase(database, "").write(AddMessage(message(str(number)), 1)) for number in range(100))
    )
    assert await messages_kept(database) == 100
    assert commits <= 3


async def test_requests_are_committed_in_the_order_of_the_calls(database: Database) -> None:
    ids = [str(number) for number in range(300)]
    await asyncio.gather(*(OwnedDatabase(database, "").write(AddMessage(message(each), 1)) for each in ids))
    for place, each in enumerate(ids):
        found = await database.scalar(
            text("SELECT id FROM messages ORDER BY seq LIMIT 1 OFFSET :n").bindparams(n=place)
        )
        assert found == each


async def test_writes_of_one_call_are_made_all_or_none(database: Database) -> None:
    orphan = AddMessage(message("2", conversation_id="none"), 1)
    with pytest.raises(UnknownConversation, match="none"):
        await OwnedDatabase(database, "").write(AddMessage(message("1"), 1), orphan)
    assert await messages_kept(database) == 0


@pytest.mark.parametrize("broken", [Broken(), Broken("INSERT INTO nowhere VALUES (1)")])
async def test_a_write_that_fails_harms_no_other_in_its_transaction(database: Database, broken: Broken) -> None:
    good = [AddMessage(message(str(number)), 1) for number in range(4)]
    writes: tuple[OwnedWrite[object], ...] = (*good[:2], broken, *good[2:])
    results = await asyncio.gather(*map(OwnedDatabase(database, "").write, writes), return_exceptions=True)
    assert [type(result) for result in results] == [
        tuple, tuple, StoreError if broken.statement else ZeroDivisionError, tuple, tuple,
    ]  # fmt: skip
    assert await messages_kept(database) == 4


async def test_what_people_said_is_not_in_an_error(database: Database) -> None:
    await OwnedDatabase(database, "").write(Broken("ALTER TABLE messages RENAME TO elsewhere"))
    with pytest.raises(StoreError) as caught:
        await OwnedDatabase(database, "").write(AddMessage(message("1", "my PIN is 4711"), 1))
    assert "4711" not in str(caught.value) + str(caught.value.__cause__)


async def test_a_caller_waits_while_the_queue_is_full(location: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAITING_LIMIT", 3)
    database = await Database.open(location)
    await OwnedDatabase(database, "").write(CONVERSATION)
    longest = 0

    async def write(number: int) -> None:
        nonlocal longest
        await OwnedDatabase(database, "").write(AddMessage(message(str(number)), 1))
        longest = max(longest, len(database._writer._waiting))

    await asyncio.gather(*(write(number) for number in range(20)))
    assert await messages_kept(database) == 20
    assert longest <= 3
    await database.close()


async def test_a_write_nobody_waits_for_is_refused_when_the_queue_is_full(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WAITING_LIMIT", 3)
    offered = [database.offer(WriteOf(AddMessage(message(str(number)), 1), "")) for number in range(5)]
    assert offered == [True, True, True, False, False]
    await OwnedDatabase(database, "").write()
    assert await messages_kept(database) == 3


async def test_a_write_is_made_although_its_caller_was_cancelled(database: Database) -> None:
    caller = asyncio.create_task(OwnedDatabase(database, "").write(AddMessage(message("1"), 1)))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await OwnedDatabase(database, "").write()
    assert await messages_kept(database) == 1


async def test_closing_carries_out_what_waits_and_refuses_what_comes_later(location: str | Path) -> None:
    database = await Database.open(location)
    await OwnedDatabase(database, "").write(CONVERSATION)
    waiting = [
        asyncio.create_task(OwnedDatabase(database, "").write(AddMessage(message(str(number)), 1)))
        for number in range(10)
    ]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*waiting)
    with pytest.raises(StoreClosed):
        await OwnedDatabase(database, "").write(CONVERSATION)
    reopened = await Database.open(location)
    assert await messages_kept(reopened) == 10
    await reopened.close()


async def test_a_database_locked_by_another_program_makes_the_caller_wait_and_not_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dialect, "BUSY_TIMEOUT_MS", 10)
    database = await Database.open(tmp_path / "kouyu.db")
    await OwnedDatabase(database, "").write(CONVERSATION)
    other = sqlite3.connect(tmp_path / "kouyu.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    write = asyncio.create_task(OwnedDatabase(database, "").write(AddMessage(message("1"), 1)))
    while "locked" not in caplog.text:  # noqa: ASYNC110 - the log is the event
        await asyncio.sleep(0.01)
    assert await messages_kept(database) == 0  # readers are not held up
    assert not write.done()
    other.execute("COMMIT")
    other.close()
    await write
    assert await messages_kept(database) == 1
    await database.close()
