"""One open database: a single writer, and a pool of connections that read beside it without waiting for it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import URL, Executable, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kouyu.store import dialect
from kouyu.store.errors import StoreError
from kouyu.store.migrations import migrate
from kouyu.store.writer import Write, Writer

logger = logging.getLogger(__name__)

READERS: Final = 4
"""Connections that read; a reader beyond that waits until one is free."""

R = TypeVar("R", bound=msgspec.Struct)
T = TypeVar("T")


class Database:
    """The connections to one database. Records go in and out; SQLAlchemy's rows stay inside the store."""

    def __init__(self, writing: AsyncEngine, reading: AsyncEngine) -> None:
        self._writing = writing
        self._reading = reading
        self._writer = Writer(writing)

    @classmethod
    async def open(cls, location: str | Path) -> "Database":
        """Open the database at a path (SQLite, made when missing) or URL, bringing its schema up to date.

        Raises SchemaTooNew for a database from a newer kouyu, StoreError when it cannot be opened.
        """
        url = dialect.database_url(location)
        if url.get_backend_name() == "sqlite" and url.database:
            await asyncio.to_thread(dialect.prepare_file, Path(url.database))
        writing, reading = _writing_engine(url), _reading_engine(url)
        try:
            async with _errors_told("opened"), writing.begin() as connection:
                await connection.run_sync(migrate)
        except BaseException:
            await writing.dispose()
            raise
        return cls(writing, reading)

    async def close(self) -> None:
        """Carry out the writes that wait and close all connections."""
        await self._writer.close()
        await self._reading.dispose()
        await self._writing.dispose()

    async def write(self, *writes: Write[Any]) -> tuple[Any, ...]:
        """Carry out the writes in one transaction, all or none; their results, once on disk. See Writer.write."""
        return await self._writer.write(writes)

    async def write_one(self, write: Write[T]) -> T:
        """Carry out one write; its result, once on disk."""
        result: T = (await self._writer.write((write,)))[0]
        return result

    def offer(self, write: Write[Any]) -> bool:
        """Queue a write nobody waits for; False when there is no room for it."""
        return self._writer.offer(write)

    async def leave_no_trace(self) -> None:
        """Remove from the disk what has been deleted before: SQLite's log still has it.

        On PostgreSQL nothing is done: there the server's own vacuum decides when deleted rows go.
        """
        async with _errors_told("cleared of what was deleted"), self._reading.connect() as connection:
            if not await connection.run_sync(dialect.empty_write_ahead_log):
                logger.warning("another program holds the database open: what was deleted stays in its log for now")

    async def records(self, query: Executable, record: type[R]) -> tuple[R, ...]:
        """The rows of a query, whose columns are named as the record's fields."""
        async with _errors_told("read"), self._reading.connect() as connection:
            rows = (await connection.execute(query)).mappings()
            return tuple(msgspec.convert(dict(row), record) for row in rows)

    async def record(self, query: Executable, record: type[R]) -> R | None:
        """The first row of a query, or None."""
        found = await self.records(query, record)
        return found[0] if found else None

    async def scalar(self, query: Executable) -> Any:
        """The first column of a query's first row, or None."""
        async with _errors_told("read"), self._reading.connect() as connection:
            return (await connection.execute(query)).scalar()


def _writing_engine(url: URL) -> AsyncEngine:
    # hide_parameters: what people said must not get into error texts.
    engine = create_async_engine(url, pool_size=1, max_overflow=0, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", dialect.configure_sqlite)
        event.listen(engine.sync_engine, "begin", dialect.begin_immediate)
    return engine


def _reading_engine(url: URL) -> AsyncEngine:
    # Each query is its own transaction: it sees all that is committed, and holds up no checkpoint afterwards.
    engine = create_async_engine(
        url, pool_size=READERS, max_overflow=0, hide_parameters=True, isolation_level="AUTOCOMMIT"
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", dialect.configure_sqlite)
    return engine


@asynccontextmanager
async def _errors_told(what: str) -> AsyncIterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the database cannot be {what}: {error}") from error
