"""A copy of the database while another process writes to it."""

import asyncio
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kouyu.store.errors import StoreError
from kouyu.store.migrations import STEPS
from kouyu.store.snapshot import copy_database
from kouyu.store.store import Store


async def test_a_copy_is_of_one_moment_although_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.db"
    await (await Store.open(path)).close()
    with closing(sqlite3.connect(path)) as large:
        large.execute("CREATE TABLE padding (content BLOB)")
        large.execute("INSERT INTO padding VALUES (zeroblob(8000000))")
        large.commit()
    command = (sys.executable, "-m", "tests.store.crash_writer", str(path))
    writer = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert writer.stdout is not None
    told = [(await writer.stdout.readline()).decode().strip() for _ in range(30)]
    steps: list[int] = []
    snapshot = await asyncio.to_thread(
        copy_database, path, tmp_path / "copy.db", lambda done, whole: steps.append(whole - done)
    )
    writer.kill()
    written = (await writer.stdout.read()).split()
    await writer.wait()
    assert snapshot.schema_version == len(STEPS)
    assert len(steps) > 5
    assert steps == sorted(steps, reverse=True)  # it never began anew
    assert set(os.listdir(tmp_path)) <= {"copy.db", *(f"kouyu.db{suffix}" for suffix in ("", "-wal", "-shm"))}
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        found = {row[0] for row in copy.execute("SELECT id FROM messages")}
        of_chats = {row[0] for row in copy.execute("SELECT id FROM chats")}
    assert found >= set(told)
    assert len(written) > 0  # it went on writing
    assert {f"chat-{each.partition('-')[0]}" for each in found} == of_chats  # both are of one transaction


async def test_a_damaged_database_is_not_backed_up_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "kouyu.db"
    async with await Store.open(path) as store:
        for number in range(200):
            await store.of("").conversations.create_if_missing(f"c{number}", "bot")
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(StoreError, match=r"damaged|cannot be copied"):
        copy_database(path, tmp_path / "copy.db", lambda *_: None)


def test_a_database_that_is_missing_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be copied"):
        copy_database(tmp_path / "kouyu.db", tmp_path / "copy.db", lambda *_: None)
    assert not (tmp_path / "kouyu.db").exists()
