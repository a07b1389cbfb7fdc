import asyncio
import os
import resource
from pathlib import Path

import pytest

from kouyu.store.bots import BotProfile
from kouyu.store.errors import StoreError
from kouyu.store.file_folder import UNFINISHED_S
from kouyu.store.files import AddFile, FileRecord
from kouyu.store.store import Store
from tests.store.clock import Clock


def modes(folder: Path) -> dict[str, int]:
    """The permissions of a folder's files, and under "." its own."""
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} | {".": folder.stat().st_mode & 0o777}


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An SQLite database, beside which content is in a folder."""
    return tmp_path / "kouyu.db"


async def test_a_file_is_kept_with_its_content(location: str | Path, folder: Path, clock: Clock) -> None:
    async with await Store.open(location, clock=clock, files_folder=folder) as store:
        record = await store.of("").files.add("notes.txt", b"hello")
        assert (record.name, record.bytes, record.created_at) == ("notes.txt", 5, int(clock()))
    async with await Store.open(location, clock=clock, files_folder=folder) as store:
        assert await store.of("").files.get(record.id) == record
        assert await store.of("").files.content(record) == b"hello"


async def test_only_its_owner_may_read_it(file: Path, folder: Path) -> None:
    async with await Store.open(file, files_folder=folder) as store:
        record = await store.of("").files.add("../../x", b"hello")
    assert modes(folder) == {record.id: 0o600, ".": 0o700}


async def test_a_file_whose_content_is_gone_is_reported(file: Path, folder: Path) -> None:
    async with await Store.open(file, files_folder=folder) as store:
        record = await store.of("").files.add("a", b"hello")
        (folder / record.id).unlink()
        with pytest.raises(StoreError):
            await store.of("").files.content(record)


async def test_of_a_file_that_does_not_fit_nothing_is_left(file: Path, folder: Path) -> None:
    async with await Store.open(file, files_folder=folder) as store:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))  # stands in for a disk that is full
        try:
            with pytest.raises(StoreError, match="could not be written"):
                await store.of("").files.add("a", bytes(1_000_001))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert set(modes(folder)) == {"."}


async def test_unknown_files_are_none(store: Store) -> None:
    assert await store.of("").files.get("../../etc/passwd") is None


async def test_without_a_folder_no_file_is_taken(file: Path) -> None:
    async with await Store.open(file) as store:
        with pytest.raises(StoreError):
            await store.of("").files.add("a", b"hello")


async def test_what_a_crash_left_of_an_upload_is_swept_and_what_may_still_come_is_not(
    file: Path, folder: Path, clock: Clock
) -> None:
    async with await Store.open(file, clock=clock, files_folder=folder) as store:
        assert await store.sweep_files() == 0
        record = await store.of("").files.add("notes.txt", b"hello")
        for name, age_s in (("old", UNFINISHED_S + 60), ("new", 10), (record.id, UNFINISHED_S + 60)):
            (folder / name).write_bytes(b"hello")
            os.utime(folder / name, (clock() - age_s, clock() - age_s))
        assert await store.sweep_files() == 1
        assert modes(folder).keys() == {"new", record.id, "."}


async def test_several_servers_read_and_delete_one_file(shared: str, folder: Path, clock: Clock) -> None:
    async with (
        await Store.open(shared, clock=clock, files_folder=folder) as first,
        await Store.open(shared, clock=clock, files_folder=folder / "second") as second,
    ):
        record = await first.of("ann").files.add("notes.txt", b"hello\0")
        assert await second.of("ann").files.content(record) == b"hello\0"
        assert await second.of("bob").files.get(record.id) is None
        deleted = await second.forget_before(int(clock()) + 1, ())
        assert deleted.files == 1
        with pytest.raises(StoreError, match="not in the database"):
            await first.of("ann").files.content(record)
    assert not await asyncio.to_thread(folder.exists)


async def test_the_picture_of_a_bot_is_seen_by_every_server(shared: str) -> None:
    async with await Store.open(shared) as first, await Store.open(shared) as second:
        picture = await first.of("").files.add("a.png", b"\x89PNG")
        bot = await first.of("").bots.create("token", BotProfile(name="Pirate", icon_file_id=picture.id))
        assert await second.public_picture(bot.id) == b"\x89PNG"
        assert (await second.forget_before(picture.created_at + 1, ())).files == 0


async def test_files_of_the_folder_are_moved_into_the_database(
    shared: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(folder.mkdir)
    async with await Store.open(shared, files_folder=folder) as store:
        record = FileRecord(id="7", name="notes.txt", bytes=5, created_at=1)
        await store.of("ann").write(AddFile(record))  # as an older kouyu did
        (folder / "7").write_bytes(b"hello")
        (folder / "8").write_bytes(b"of an SQLite database, perhaps")
        await store.sweep_files()
    async with await Store.open(shared) as other:
        assert await other.of("ann").files.content(record) == b"hello"
    assert modes(folder).keys() == {"8", "."}
    assert "1 files in" in caplog.text
