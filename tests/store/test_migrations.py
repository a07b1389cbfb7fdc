import asyncio
import logging
import re
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from kouyu.store import database, dialect, migrations
from kouyu.store.database import Database
from kouyu.store.errors import SchemaTooNew, SchemaTooOld, StoreError
from kouyu.store.migrations import Step
from kouyu.store.server_migrations import SERVERS
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
    for table in ("messages", "lost_connections", "audit"):
        found[table] = [(name, nullable and name != "seq") for name, nullable in found[table]]
    assert {name: set(each) for name, each in found.items()} == expected


async def test_opening_again_changes_nothing(location: str | Path) -> None:
    async with await Store.open(location) as store:
        await store.of("").conversations.create_if_missing("c", "bot")
    async with await Store.open(location) as store:
        assert await store.of("").conversations.get("c") is not None


async def test_two_programs_may_open_a_new_database_at_once(location: str | Path) -> None:
    stores = await asyncio.gather(*(Store.open(location) for _ in range(4)))
    for number, store in enumerate(stores):
        await store.of("").conversations.create_if_missing(f"c{number}", "bot")
    assert len((await stores[0].of("").conversations.list_by_bot("bot")).conversations) == 4
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
        await store.of("").conversations.create_if_missing("c", "bot")
    later = ("CREATE TABLE later (id TEXT)", "INSERT INTO later SELECT id FROM conversations")
    longer = (*migrations.STEPS, Step("9.0.0", "make later", later))
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
        (found,) = await store.of("").messages.context("c", "c", 10)
        assert (found.id, found.tool_call_id) == ("m", "")


async def test_a_step_that_fails_leaves_the_database_as_it_was(
    location: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await Store.open(location)).close()
    with monkeypatch.context() as patched:
        broken = Step("9.0.0", "make later", ("CREATE TABLE later (id TEXT)", "nonsense"))
        patched.setattr(migrations, "STEPS", (*migrations.STEPS, broken))
        with pytest.raises(StoreError):
            await Store.open(location)
    database = await Database.open(location)
    with pytest.raises(StoreError):
        await database.scalar(text("SELECT count(*) FROM later"))
    await database.close()


async def test_a_database_from_a_newer_kouyu_is_refused_with_the_release_that_it_needs(
    location: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (*migrations.STEPS, Step("9.1.0", "make later", ("CREATE TABLE later (id TEXT)",)))
    with monkeypatch.context() as newer:
        newer.setattr(migrations, "STEPS", steps)
        await (await Store.open(location)).close()
    for _ in range(2):
        with pytest.raises(SchemaTooNew, match=rf"schema version {len(steps)} and needs kouyu 9\.1\.0 or newer"):
            await Store.open(location)


async def test_each_step_and_the_rows_that_it_changes_are_logged(
    location: str | Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="kouyu.store")
    async with await Store.open(location) as store:
        for name in ("a", "b"):
            await store.of("").conversations.create_if_missing(name, "bot")
    assert caplog.messages == []  # a new database has nothing to migrate
    changed = Step(
        "9.0.0", "conversations get a colour", ("ALTER TABLE conversations ADD COLUMN c TEXT",), "conversations"
    )
    steps = (*migrations.STEPS, changed, Step("9.0.0", "make later", ("CREATE TABLE later (id TEXT)",)))
    monkeypatch.setattr(migrations, "STEPS", steps)
    await (await Store.open(location)).close()
    number = len(steps)
    summary, *each = caplog.messages
    assert summary.endswith(f"has schema version {number - 2}; migrating it to {number}")
    assert each == [
        f"schema version {number - 1}: conversations get a colour (2 rows)",
        f"schema version {number}: make later",
    ]


async def test_a_program_beside_a_server_does_not_migrate_under_it(
    location: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Store.open(location, recover=False) as store:  # a new database is no server's
        await store.of("").conversations.create_if_missing("c", "bot")
    later = Step("9.0.0", "make later", ("CREATE TABLE later (id TEXT)",))
    with monkeypatch.context() as newer:
        newer.setattr(migrations, "STEPS", (*migrations.STEPS, later))
        with pytest.raises(SchemaTooOld, match="of an older kouyu: start the server of this one"):
            await Store.open(location, recover=False)
    async with await Store.open(location, recover=False) as store:
        assert await store.of("").conversations.get("c") is not None


@asynccontextmanager
async def held_by_another_program(location: str | Path) -> AsyncIterator[None]:
    """Another program migrates the database while the block runs."""
    url = dialect.database_url(location)
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(dialect.wait_for_sole_migration)
        yield
    await engine.dispose()


class Warned(logging.Handler):
    """Set once the store has warned ``times``."""

    def __init__(self, times: int) -> None:
        super().__init__(logging.WARNING)
        self._left = times
        self.set = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self._left -= "waiting until this one may open it" in record.getMessage()
        if self._left == 0:
            self.set.set()


async def test_a_start_waits_as_long_as_another_program_migrates(
    location: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await Store.open(location)).close()
    monkeypatch.setattr(dialect, "BUSY_TIMEOUT_MS", 20)
    warned = Warned(2)
    logging.getLogger("kouyu.store").addHandler(warned)
    try:
        async with held_by_another_program(location):
            opening = asyncio.create_task(Store.open(location))
            await warned.set.wait()
            assert not opening.done()
        await (await opening).close()
    finally:
        logging.getLogger("kouyu.store").removeHandler(warned)


async def test_a_start_gives_up_when_the_other_program_never_ends(
    location: str | Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await Store.open(location)).close()
    monkeypatch.setattr(dialect, "BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr(database, "MIGRATION_WAIT_S", 0.0)
    async with held_by_another_program(location):
        with pytest.raises(StoreError, match="cannot be opened"):
            await Store.open(location)


async def test_of_two_programs_that_start_at_once_on_an_old_database_one_migrates_it(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.executescript((Path(__file__).parent / "kouyu-0.1.0.sql").read_text(encoding="utf-8"))
        old.execute("PRAGMA journal_mode = WAL")
        old.execute("BEGIN IMMEDIATE")  # neither may begin before both have been started
        command = (sys.executable, "-m", "tests.store.opening_program", str(path))
        pipe = asyncio.subprocess.PIPE
        programs = [await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe) for _ in range(2)]
        for program in programs:
            assert program.stdout is not None
            assert await program.stdout.readline() == b"opening\n"
        old.execute("COMMIT")
    logs = [(await program.communicate())[1].decode() for program in programs]
    assert [program.returncode for program in programs] == [0, 0], logs
    assert "".join(logs).count(f"migrating it to {len(migrations.STEPS)}") == 1
    assert "".join(logs).count("messages get the id of their tool call (4 rows)") == 1


async def test_a_new_file_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kouyu.db"
    async with await Store.open(path) as store:
        await store.of("").conversations.create_if_missing("c", "bot")
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


SHARED_SINCE = 14
"""Steps before servers could share a database: nobody else ran while they were taken."""
NARROWS = re.compile(
    r"\bDROP\b|\bRENAME\b|\bALTER COLUMN\b|\bUNIQUE INDEX\b|\bADD CONSTRAINT\b|^\s*UPDATE\b|\bDELETE FROM\b",
    re.IGNORECASE,
)
ADDS_WITHOUT_DEFAULT = re.compile(r"\bADD COLUMN\b(?!.*\bDEFAULT\b).*\bNOT NULL\b", re.IGNORECASE | re.DOTALL)


def number_of(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


def breaks_servers_of_the_release_before(step: Step) -> bool:
    """Whether servers of the release before it may fail on a database that has taken the step."""
    if any(ADDS_WITHOUT_DEFAULT.search(statement) for statement in step.statements):
        return True
    narrows = any(NARROWS.search(statement) for statement in step.statements)
    return narrows and not (step.unused_since and number_of(step.unused_since) < number_of(step.release))


def test_a_step_adds_and_removes_a_release_later() -> None:
    later = migrations.STEPS[SHARED_SINCE - 1 :]
    assert later[0].statements == SERVERS
    assert [step.does for step in later if breaks_servers_of_the_release_before(step)] == []


@pytest.mark.parametrize(
    ("statement", "unused_since", "breaks"),
    [
        ("ALTER TABLE bots ADD COLUMN a TEXT NOT NULL DEFAULT ''", "", False),
        ("ALTER TABLE bots ADD COLUMN a TEXT NOT NULL", "", True),
        ("ALTER TABLE bots ADD COLUMN a TEXT", "", False),
        ("ALTER TABLE bots DROP COLUMN draft", "", True),
        ("ALTER TABLE bots DROP COLUMN draft", "0.3.0", True),
        ("ALTER TABLE bots DROP COLUMN draft", "0.2.0", False),
        ("ALTER TABLE bots RENAME COLUMN draft TO b", "", True),
    ],
)
def test_what_breaks_servers_of_the_release_before(statement: str, unused_since: str, breaks: bool) -> None:
    step = Step("0.3.0", "change bots", (statement,), unused_since=unused_since)
    assert breaks_servers_of_the_release_before(step) is breaks


async def test_servers_that_start_at_once_on_an_empty_postgresql_all_start(shared: str) -> None:
    stores = await asyncio.gather(*(Store.open(shared) for _ in range(4)))
    try:
        assert sorted(store.ids.server for store in stores) == [1, 2, 3, 4]
    finally:
        for store in stores:
            await store.close()
