"""Files that clients have uploaded: metadata in the database, content on disk."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Iterable, Set
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, and_, insert, select

from kouyu.domain.ids import IdFactory
from kouyu.store.database import Database
from kouyu.store.errors import StoreError
from kouyu.store.ownership import OwnedDatabase
from kouyu.store.tables import files

UNFINISHED_S: Final = 3600
"""A file's content is written before its row; after this many seconds no row will follow."""


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An uploaded file. ``name`` is its original name, ``bytes`` its size; times are Unix seconds."""

    id: str
    name: str
    bytes: int
    created_at: int


class AddFile(msgspec.Struct, frozen=True):
    """Add a file whose content is on disk."""

    record: FileRecord

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        connection.execute(insert(files).values({**msgspec.structs.asdict(self.record), "owner": owner}))


class FileContents:
    """The contents of the files of all owners, in one folder."""

    def __init__(self, folder: Path | None, clock: Callable[[], float] = time.time) -> None:
        """``folder`` is created with the first file; None: no file can be added or read."""
        self._folder = folder
        self._clock = clock

    async def write(self, file_id: str, content: bytes) -> None:
        """Write a new file. Raises StoreError."""
        path = self._path(file_id)
        try:
            await asyncio.to_thread(_write, path, content)
        except OSError as error:
            raise StoreError(f"an uploaded file could not be written: {error.strerror}") from error

    async def read(self, file_id: str) -> bytes:
        """The content of a file. Raises StoreError if it is missing."""
        try:
            return await asyncio.to_thread(self._path(file_id).read_bytes)
        except OSError as error:
            raise StoreError(f"the content of file {file_id} cannot be read: {error.strerror}") from error

    async def delete(self, file_ids: Iterable[str]) -> None:
        """Delete these files, where they are there. Raises StoreError."""
        try:
            for file_id in file_ids:
                await asyncio.to_thread(self._path(file_id).unlink, missing_ok=True)
        except OSError as error:
            raise StoreError(f"an uploaded file could not be deleted: {error.strerror}") from error

    def free_bytes(self) -> int | None:
        """Free space on the disk of the files; None without a folder for them."""
        if self._folder is None:
            return None
        nearest = next(path for path in (self._folder, *self._folder.parents) if path.exists())
        return shutil.disk_usage(nearest).free

    async def sweep(self, database: Database) -> int:
        """Delete uploads that a crash cut off (content without a row, older than UNFINISHED_S); return their number."""
        if self._folder is None or not self._folder.is_dir():
            return 0
        kept = {record.id for record in await database.records(select(*_DESCRIBED), FileRecord)}
        return await asyncio.to_thread(_delete_old, self._folder, kept, self._clock() - UNFINISHED_S)

    def _path(self, file_id: str) -> Path:
        if self._folder is None:
            raise StoreError("this store was opened without a folder for files")
        return self._folder / file_id


_DESCRIBED: Final = [files.c[name] for name in FileRecord.__struct_fields__]


class Files:
    """The stored files of one owner. Every token of the owner may use them; a client has to know the id."""

    def __init__(
        self,
        database: OwnedDatabase,
        contents: FileContents,
        ids: IdFactory,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._contents = contents
        self._clock = clock
        self._ids = ids

    async def add(self, name: str, content: bytes) -> FileRecord:
        """Save a file. Raises StoreError if it cannot be written."""
        record = FileRecord(id=self._ids.next_id(), name=name, bytes=len(content), created_at=int(self._clock()))
        await self._contents.write(record.id, content)
        await self._database.write_one(AddFile(record))
        return record

    async def get(self, file_id: str) -> FileRecord | None:
        """The metadata of the file with this id."""
        mine = and_(files.c.id == file_id, files.c.owner == self._database.owner)
        return await self._database.record(select(*_DESCRIBED).where(mine), FileRecord)

    async def content(self, record: FileRecord) -> bytes:
        """The content of a file. Raises StoreError if it is missing."""
        return await self._contents.read(record.id)


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
