"""The contents of uploaded files in the database, where several servers read them."""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from kouyu.store import dialect
from kouyu.store.database import Database
from kouyu.store.errors import StoreError
from kouyu.store.file_folder import free_bytes
from kouyu.store.files import AddFile, FileRecord
from kouyu.store.ownership import OwnedDatabase
from kouyu.store.tables import file_contents, files

log = logging.getLogger(__name__)


class PutContent(msgspec.Struct, frozen=True):
    """Save the content of a file, unless there is one, or the file was deleted meanwhile."""

    file_id: str
    content: bytes

    def apply(self, connection: Connection, owner: str = "") -> None:
        """See Write and OwnedWrite."""
        if connection.execute(select(files.c.id).where(files.c.id == self.file_id)).first() is None:
            return
        values = {"file_id": self.file_id, "content": self.content}
        dialect.put(connection, file_contents, values, key=("file_id",), change=())


class _Id(msgspec.Struct, frozen=True):
    id: str


class FilesInDatabase:
    """The contents of the files of all owners. See FileContents. They are deleted with their rows."""

    def __init__(self, database: Database, folder: Path | None) -> None:
        """``folder`` is where a server of an older kouyu kept files."""
        self._database = database
        self._folder = folder

    async def add(self, database: OwnedDatabase, record: FileRecord, content: bytes) -> None:
        """See FileContents."""
        await database.write(AddFile(record), PutContent(record.id, content))

    async def read(self, file_id: str) -> bytes:
        """See FileContents."""
        which = file_contents.c.file_id == file_id
        content: bytes | None = await self._database.scalar(select(file_contents.c.content).where(which))
        if content is None:
            raise StoreError(f"the content of file {file_id} is not in the database")
        return content

    async def delete(self, file_ids: Iterable[str]) -> None:
        """Does nothing: the content goes with the row."""

    def free_bytes(self) -> int | None:
        """See FileContents; of the data folder, where session records and certificates still are."""
        return free_bytes(self._folder)

    async def tidy(self, database: Database) -> int:
        """Move the files of the folder into the database that have a row there; return 0. Others stay where they are.

        Raises StoreError.
        """
        paths = await asyncio.to_thread(_files_of, self._folder)
        known = {found.id for found in await database.records(select(files.c.id), _Id)} if paths else set()
        moved = [path for path in paths if path.name in known]
        try:
            for path in moved:
                await database.write_one(PutContent(path.name, await asyncio.to_thread(path.read_bytes)))
                await asyncio.to_thread(path.unlink)
        except OSError as error:
            raise StoreError(f"an uploaded file could not be moved into the database: {error.strerror}") from error
        if moved:
            log.info("moved %d uploaded files from %s into the database", len(moved), self._folder)
        if left := len(paths) - len(moved):
            log.warning("%d files in %s are none of this database's; they stay there", left, self._folder)
        return 0


def _files_of(folder: Path | None) -> list[Path]:
    return sorted(folder.iterdir()) if folder is not None and folder.is_dir() else []
