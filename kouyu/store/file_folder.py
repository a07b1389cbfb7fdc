"""The contents of uploaded files in a folder, beside an SQLite database."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Iterable, Set
from pathlib import Path
from typing import Final

from sqlalchemy import select

from kouyu.store.database import Database
from kouyu.store.errors import StoreError
from kouyu.store.files import FILE_COLUMNS, AddFile, FileRecord
from kouyu.store.ownership import OwnedDatabase

UNFINISHED_S: Final = 3600
"""A file's content is written before its row; after this many seconds no row will follow."""


class FolderOfFiles:
    """The contents of the files of all owners, in one folder. See FileContents."""

    def __init__(self, folder: Path | None, clock: Callable[[], float] = time.time) -> None:
        """``folder`` is created with the first file; None: no file can be added or read."""
        self._folder = folder
        self._clock = clock

    async def add(self, database: OwnedDatabase, record: FileRecord, content: bytes) -> None:
        """See FileContents."""
        path = self._path(record.id)
        try:
            await asyncio.to_thread(_write, path, content)
        except OSError as error:
            raise StoreError(f"an uploaded file could not be written: {error.strerror}") from error
        await database.write_one(AddFile(record))

    async def read(self, file_id: str) -> bytes:
        """See FileContents."""
        try:
            return await asyncio.to_thread(self._path(file_id).read_bytes)
        except OSError as error:
            raise StoreError(f"the content of file {file_id} cannot be read: {error.strerror}") from error

    async def delete(self, file_ids: Iterable[str]) -> None:
        """See FileContents."""
        try:
            for file_id in file_ids:
                await asyncio.to_thread(self._path(file_id).unlink, missing_ok=True)
        except OSError as error:
            raise StoreError(f"an uploaded file could not be deleted: {error.strerror}") from error

    def free_bytes(self) -> int | None:
        """See FileContents."""
        return free_bytes(self._folder)

    async def tidy(self, database: Database) -> int:
        """Delete uploads that a crash cut off (content without a row, older than UNFINISHED_S); return their number."""
        if self._folder is None or not self._folder.is_dir():
            return 0
        kept = {record.id for record in await database.records(select(*FILE_COLUMNS), FileRecord)}
        return await asyncio.to_thread(_delete_old, self._folder, kept, self._clock() - UNFINISHED_S)

    def _path(self, file_id: str) -> Path:
        if self._folder is None:
            raise StoreError("this store was opened without a folder for files")
        return self._folder / file_id


def free_bytes(folder: Path | None) -> int | None:
    """Free space on the disk of a folder that may not exist yet; None without one."""
    if folder is None:
        return None
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(nearest).free


def _delete_old(folder: Path, kept: Set[str], before: float) -> int:
    """Delete the files that are not ``kept`` and were last written before the Unix time ``before``."""
    left = [path for path in folder.iterdir() if path.name not in kept and path.stat().st_mtime < before]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _write(path: Path, content: bytes) -> None:
    """Write a file to disk completely, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _keep_name(path)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _keep_name(path: Path) -> None:
    """Sync the folder: after a power failure a file's content may exist without its name."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
