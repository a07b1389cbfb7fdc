import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from kouyu.store import migrations
from kouyu.store.database import Database
from kouyu.store.errors import SchemaTooNew, StoreError
from kouyu.store.store import Store
from kouyu.store.tables import metadata


async def test_the_migrations_make_the_columns_that_queries_use(store: Store) -> None:
    def columns(connection: Connection) -> dict[str, list[tuple[str, bool]]]:
        inspector = inspect(connection)
        return {
            table: [(column["name"], column["nullable"]) for column in inspector.get_columns(table)]
            for table in inspector.get_table_names()
            if table != "schema_version"
        }

    found = await store._database._reading.run(columns)
    expected = {
        name: {(column.name, bool(column.nullable)) for column in table.columns}
        for name, table in metadata.tables.items()
    }
    # SQLite calls its row id nullable; it never is.
    for table in ("messages", "lost_connections"):
        found[table] = [(name, nullable and name != "seq") for name, nullable in found[table]]
    assert {name: set(each) for name, each in found.items()} == expected


async def test_opening_again_changes_nothing(location: str | Path) -> None:
    async with await Store.open(location) as store:
        await store.conversations.create_if_missing("c", "bot")
    async with await Store.open(location) as store:
        assert await store.conversations.get("c") is not None


async def test_two_programs_may_open_a_new_database_at_once(location: str | Path) -> None:
    stores = await asyncio.gather(*(Store.open(location) for _ in range(4)))
    for number, store in enumerate(stores):
        await store.conversations.create_if_missing(f"c{number}", "bot")
    assert len((await stores[0].conversations.list_by_bot("bot")).conversations) == 4
    for store in stores:
        await store.close()


async def test_opening_waits_for_another_program_that_writes_to_a_file_not_yet_in_wal_mode(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE theirs (id TEXT)")
        other.execute("BEGIN IMMEDIATE")
        opening = asyncio.create_task(Store.open(path))
        await asyncio.sleep(0.05)
        assert not opening.done()
        other.execute("COMMIT")
    await (await opening).close()


async def test_only_the_steps_that_are_missing_are_taken(location: str | Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await Store.open(location) as store:
        await store.conversations.create_if_missing("c", "bot")
    longer = (*migrations.STEPS, ("CREATE TABLE later (id TEXT)", "INSERT INTO later SELECT id FROM conversations"))
    monkeypatch.setattr(migrations, "STEPS", longer)
    for _ in range(2):
        database = await Database.open(location)
        assert await database.scalar(text("SELECT count(*) FROM later WHERE id = 'c'")) == 1
        await database.close()


def inserted(statement: str, connection: Connection) -> int:
    return connection.execute(text(statement)).rowcount


async def test_messages_of_a_kouyu_that_kept_no_calls_ids_are_context(
    location: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "STEPS", migrations.STEPS[:6])
        database = await Database.open(location)
    old = (
        "INSERT INTO conversations VALUES ('c', 'bot', '', 'c', '', 1, 1, '{}')",
        "INSERT INTO messages (id, conversation_id, section_id, chat_id, bot_id, role, type, content, content_type,"
        " reasoning_content, meta_data, created_at, updated_at)"
        " VALUES ('m', 'c', 'c', '7', 'bot', 'assistant', 'function_call', '{}', 'text', '', '{}', 1, 1)",
    )
    for statement in old:
        await database._writing.run(partial(inserted, statement))
    await database.close()
    async with await Store.open(location) as store:
        (found,) = await store.messages.context("c", "c", 10)
        assert (found.id, found.tool_call_id) == ("m", "")


async def test_a_step_that_fails_leaves_the_database_as_it_was(
    location: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await Store.open(location)).close()
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "STEPS", (*migrations.STEPS, ("CREATE TABLE later (id TEXT)", "nonsense")))
        with pytest.raises(StoreError):
            await Store.open(location)
    database = await Database.open(location)
    with pytest.raises(StoreError):
        await database.scalar(text("SELECT count(*) FROM later"))
    await database.close()


async def test_a_database_from_a_newer_kouyu_is_refused(location: str | Path) -> None:
    database = await Database.open(location)
    newer = text("UPDATE schema_version SET version = 99")
    await database._writing.run(lambda connection: connection.execute(newer).rowcount)
    await database.close()
    with pytest.raises(SchemaTooNew, match=r"version 99.*update kouyu"):
        await Store.open(location)


async def test_a_new_file_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kouyu.db"
    async with await Store.open(path) as store:
        await store.conversations.create_if_missing("c", "bot")
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"kouyu.db": 0o600, "kouyu.db-wal": 0o600, "kouyu.db-shm": 0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("location", "says"),
    [("sqlite://", "needs a file"), ("mysql://u@h/d", "not supported"), ("sqlite:///:memory:", "needs a file")],
)
async def test_a_location_that_cannot_work_is_refused_with_the_reason(location: str, says: str) -> None:
    with pytest.raises(StoreError, match=says):
        await Store.open(location)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.db"
    path.write_text("this is a letter, not a database " * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        await Store.open(path)
