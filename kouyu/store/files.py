"""Files that clients have uploaded: metadata in the database, content in a folder or in the database too."""

import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import msgspec
from sqlalchemy import Connection, and_, insert, select

from kouyu.domain.ids import IdFactory
from kouyu.store.database import Database
from kouyu.store.ownership import OwnedDatabase
from kouyu.store.tables import files


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An uploaded file. ``name`` is its original name, ``bytes`` its size; times are Unix seconds."""

    id: str
    name: str
    bytes: int
    created_at: int


class AddFile(msgspec.Struct, frozen=True):
    """Add a file, whose content is saved before or with it."""

    record: FileRecord

    def apply(self, connection: Connection, owner: str) -> None:
        """See OwnedWrite."""
        connection.execute(insert(files).values({**msgspec.structs.asdict(self.record), "owner": owner}))


FILE_COLUMNS: Final = [files.c[name] for name in FileRecord.__struct_fields__]


class FileContents(Protocol):
    """Keeps the contents of the files of all owners."""

    async def add(self, database: OwnedDatabase, record: FileRecord, content: bytes) -> None:
        """Save a new file, content and row. Raises StoreError."""
        ...

    async def read(self, file_id: str) -> bytes:
        """The content of a file. Raises StoreError if it is missing."""
        ...

    async def delete(self, file_ids: Iterable[str]) -> None:
        """Delete the contents of these files, whose rows are gone. Raises StoreError."""
        ...

    def free_bytes(self) -> int | None:
        """Free space on the disk of the data folder; None without one."""
        ...

    async def tidy(self, database: Database) -> int:
        """Bring what lies in the folder in order at a start; return how many files were deleted. Raises StoreError."""
        ...


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
        await self._contents.add(self._database, record, content)
        return record

    async def get(self, file_id: str) -> FileRecord | None:
        """The metadata of the file with this id."""
        mine = and_(files.c.id == file_id, files.c.owner == self._database.owner)
        return await self._database.record(select(*FILE_COLUMNS).where(mine), FileRecord)

    async def content(self, record: FileRecord) -> bytes:
        """The content of a file. Raises StoreError if it is missing."""
        return await self._contents.read(record.id)
