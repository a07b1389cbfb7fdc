"""Deleted personal data is not in the files of PostgreSQL's tables any more. Its log is another matter."""

import asyncio
import secrets

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from kouyu.store.conversations import CreateConversation
from kouyu.store.message_writes import AddMessage
from kouyu.store.store import Store
from kouyu.store.voiceprint_writes import Enrolment
from tests.standins.postgres import Postgres
from tests.store.said import message


async def is_in_tables(postgres: Postgres, shared: str, wanted: bytes) -> bool:
    """Whether the bytes are in a file of a table, once all of them are on disk."""
    engine = create_async_engine(make_url(shared).set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("CHECKPOINT"))
        number = (
            await connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
        ).scalar_one()
    await engine.dispose()

    def found() -> bool:
        return any(wanted in path.read_bytes() for path in (postgres.folder / "data/base" / str(number)).iterdir())

    return await asyncio.to_thread(found)


async def test_a_deleted_voiceprint_is_gone_while_others_stay(postgres: Postgres, shared: str) -> None:
    async with await Store.open(shared) as store:
        voices = store.of("").voiceprints
        group_id = await voices.create_group("home", creator_id="t")
        vectors = [secrets.token_bytes(768) for _ in range(3)]
        ids = [
            await voices.enrol(group_id, "a", Enrolment(model="m", vector=vector, speech_ms=1), creator_id="t")
            for vector in vectors
        ]
        assert await is_in_tables(postgres, shared, vectors[2])
        await voices.delete(group_id, ids[2])
        assert [await is_in_tables(postgres, shared, vector) for vector in vectors] == [True, True, False]


async def test_the_words_of_a_deleted_user_are_gone(postgres: Postgres, shared: str) -> None:
    words = f"My name is {secrets.token_hex(20)}."
    async with await Store.open(shared) as store:
        mine = store.of("")
        await mine.write(CreateConversation(id="c", bot_id="bot", created_at=1, user_id="ann"))
        await mine.write(AddMessage(message("1", words), 1))
        assert await is_in_tables(postgres, shared, words.encode())
        await store.delete_user("", "ann")
        assert not await is_in_tables(postgres, shared, words.encode())


async def test_a_table_in_use_is_left_to_the_vacuum_of_the_database(
    shared: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kouyu.store.vacuum._LOCK_S", 0.1)
    engine = create_async_engine(make_url(shared).set(drivername="postgresql+asyncpg"))
    async with await Store.open(shared) as store, engine.connect() as other:
        voices = store.of("").voiceprints
        group_id = await voices.create_group("home", creator_id="t")
        await other.execute(text("SELECT count(*) FROM voiceprint_features"))  # and its transaction stays open
        await voices.delete_group(group_id)
        assert "until its own vacuum" in caplog.text
    await engine.dispose()
