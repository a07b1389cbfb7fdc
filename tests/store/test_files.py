import os
import resource
from pathlib import Path

import pytest

from kouyu.store.errors import StoreError
from kouyu.store.files import UNFINISHED_S
from kouyu.store.store import Store
from tests.store.clock import Clock


def modes(folder: Path) -> dict[str, int]:
    """The permissions of a folder's files, and under "." its own."""
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} | {".": folder.stat().st_mode & 0o777}


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


async def test_a_file_is_kept_with_its_content(location: str | Path, folder: Path, clock: Clock) -> None:
    async with await Store.open(location, clock=clock, files_folder=folder) as store:
        record = await store.of("").files.add("notes.txt", b"hello")
        assert (record.name, record.bytes, record.created_at) == ("notes.txt", 5, int(clock()))
    async with await Store.open(location, clock=clock, files_folder=folder) as store:
        assert await store.of("").files.get(record.id) == record
        assert await store.of("").files.content(record) == b"hello"


async def test_only_its_owner_may_read_it(location: str | Path, folder: Path) -> None:
    async with await Store.open(location, files_folder=folder) as store:
        record = await store.of("").files.add("../../x", b"hello")
    assert modes(folder) == {record.id: 0o600, ".": 0o700}


async def test_a_file_whose_content_is_gone_is_reported(location: str | Path, folder: Path) -> None:
    async with await Store.open(location, files_folder=folder) as store:
        record = await store.of("").files.add("a", b"hello")
        (folder / record.id).unlink()
        with pytest.raises(StoreError):
            await store.of("").files.content(record)


async def test_of_a_file_that_does_not_fit_nothing_is_left(location: str | Path, folder: Path) -> None:
    async with await Store.open(location, files_folder=folder) as store:
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


async def test_without_a_folder_no_file_is_taken(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.of("").files.add("a", b"hello")


async def test_what_a_crash_left_of_an_upload_is_swept_and_what_may_still_come_is_not(
    location: str | Path, folder: Path, clock: Clock
) -> None:
    async with await Store.open(location, clock=clock, files_folder=folder) as store:
        assert await store.sweep_files() == 0
        record = await store.of("").files.add("notes.txt", b"hello")
        for name, age_s in (("old", UNFINISHED_S + 60), ("new", 10), (record.id, UNFINISHED_S + 60)):
            (folder / name).write_bytes(b"hello")
            os.utime(folder / name, (clock() - age_s, clock() - age_s))
        assert await store.sweep_files() == 1
        assert modes(folder).keys() == {"new", record.id, "."}
