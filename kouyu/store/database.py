"""One open database: a single writer, and a pool of reading connections that do not wait for it."""

import asyncio
import functools
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Connection, Executable, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from kouyu.store import dialect
from kouyu.store.connections import Connections, open_reading, open_writing
from kouyu.store.errors import DatabaseAway, StoreError
from kouyu.store.notices import NoticeBus, Notices
from kouyu.store.options import DEFAULT, StoreOptions
from kouyu.store.patience import patiently
from kouyu.store.schema import migrate
from kouyu.store.vacuum import vacuum
from kouyu.store.writer import Write, Writer

logger = logging.getLogger(__name__)

MIGRATION_WAIT_S: Final = 300.0
"""How long a start waits for another process that migrates the database."""

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")


class Database:
    """The connections to one database. Its interface takes and returns records, never SQLAlchemy's rows."""

    def __init__(self, writing: Connections, reading: Connections, notices: Notices, options: StoreOptions) -> None:
        self._writing = writing
        self._reading = reading
        self._options = options
        self._connect = notices.connect
        self.notices = notices
        event.listen(writing.engine, "connect", self.notices.mark)
        self._writer = Writer(writing, options.patience_s)

    @classmethod
    async def open(
        cls,
        location: str | Path,
        *,
        beside_server: bool = False,
        options: StoreOptions = DEFAULT,
        bus: NoticeBus | None = None,
    ) -> "Database":
        """Open the database at a path (SQLite, created if missing) or URL, and migrate its schema.

        Waits up to MIGRATION_WAIT_S for another process that migrates it. ``beside_server``: do not migrate, for a
        program beside a running server. ``bus``: to the other processes of the server, on SQLite. Raises SchemaTooNew
        for a database from a newer kouyu, SchemaTooOld for one that is not migrated, StoreError when it cannot be
        opened.
        """
        url = dialect.database_url(location)
        if url.get_backend_name() == "sqlite" and url.database:
            await asyncio.to_thread(dialect.prepare_file, Path(url.database))
        migrating = open_writing(url, options, statements_may_be_slow=True)
        try:
            async with _errors_told("opened"):
                await _migrate(migrating, functools.partial(migrate, beside_server=beside_server))
        finally:
            await migrating.close()
        notices = Notices(dialect.direct_connection(url, options), bus)
        writing = open_writing(url, options, committed=notices.committed)
        return cls(writing, open_reading(url, options), notices, options)

    @property
    def is_shared(self) -> bool:
        """Whether servers on other machines may use it too."""
        return self._writing.engine.dialect.name != "sqlite"

    async def close(self) -> None:
        """Finish the queued writes and close all connections."""
        await self._writer.close()
        await self._reading.close()
        await self._writing.close()

    async def write(self, *writes: Write[Any]) -> tuple[Any, ...]:
        """Do the writes in one transaction; return their results once they are on disk. See Writer.write."""
        return await self._writer.write(writes)

    async def write_one(self, write: Write[T]) -> T:
        """Do one write; return its result once it is on disk."""
        result: T = (await self._writer.write((write,)))[0]
        return result

    def observe_writes(self, observe: Callable[[float], None]) -> None:
        """Call ``observe`` with the duration of each transaction, in seconds."""
        self._writer.observe = observe

    def offer(self, write: Write[Any]) -> bool:
        """Queue a write without waiting for it; False if the queue is full."""
        return self._writer.offer(write)

    async def leave_no_trace(self, *tables: str) -> None:
        """Remove what was deleted from these tables from the disk: SQLite's write-ahead log still holds it, and
        PostgreSQL's tables do. A failure is logged: then it goes with the database's own checkpoint or vacuum.

        PostgreSQL's own log, replicas and backups keep it.
        """
        if self._connect is not None:
            await vacuum(self._connect, tables)
            return
        async with _errors_told("cleared of what was deleted"):
            if not await self._reading.run(dialect.empty_write_ahead_log):
                logger.warning(
                    "another program holds the database open: deleted data stays in its write-ahead log for now"
                )

    async def records(self, query: Executable, record: type[R], values: dict[str, Any] | None = None) -> tuple[R, ...]:
        """The rows of a query as records, whose fields have the columns' names. ``values``: the query's parameters."""

        def found(connection: Connection) -> tuple[R, ...]:
            rows = connection.execute(query, values).mappings()
            return tuple(msgspec.convert(dict(row), record) for row in rows)

        return await self._read(found)

    async def record(self, query: Executable, record: type[R]) -> R | None:
        """The first row of a query, or None."""
        found = await self.records(query, record)
        return found[0] if found else None

    async def scalar(self, query: Executable) -> Any:
        """The first column of a query's first row, or None."""
        return await self._read(lambda connection: connection.execute(query).scalar())

    async def seen_from(self) -> str | None:
        """The address from which PostgreSQL sees this program; None on a socket file, and for SQLite."""
        return await self._read(dialect.seen_from)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        async with _errors_told("read"):
            until = time.monotonic() + self._options.timeout_s
            return await patiently(lambda: self._reading.run(work), until=until, what="who reads")


async def _migrate(writing: Connections, work: Callable[[Connection], None]) -> None:
    deadline = time.monotonic() + MIGRATION_WAIT_S
    while True:
        try:
            return await writing.run(work)
        except DBAPIError as error:
            if not dialect.is_locked(error) or time.monotonic() > deadline:
                raise
            logger.warning("another program holds the database locked; waiting until this one may open it")


@asynccontextmanager
async def _errors_told(what: str) -> AsyncIterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        kind = DatabaseAway if dialect.is_away(error) else StoreError
        raise kind(f"the database cannot be {what}: {dialect.reason(error)}") from error
