"""A few connections to one database, whose work does not block the event loop.

SQLite's library blocks, so its work runs on threads, a whole transaction on one of them: a driver that runs each call
on a thread (aiosqlite) takes half as long again, and on a busy server each call waits for the GIL. PostgreSQL has a
driver that does not block.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from kouyu.store import dialect, notices
from kouyu.store.options import StoreOptions

T = TypeVar("T")


class Connections(Protocol):
    """Connections that all write, or all only read."""

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, for its events."""
        ...

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a free connection, and return its result.

        Writing connections: in a transaction, on disk when this returns. Reading ones: each statement is its own
        transaction, sees everything committed, and blocks no checkpoint afterwards. Raises what ``work`` raises, and
        SQLAlchemyError. Cancelling the caller does not stop the work.
        """
        ...

    async def close(self) -> None:
        """Close them all, after the work in progress."""
        ...


Committed = Callable[[dict[Any, Any]], None]


def open_writing(
    url: URL,
    options: StoreOptions,
    *,
    statements_may_be_slow: bool = False,
    committed: Committed = lambda info: None,
) -> Connections:
    """Open the one writing connection. ``committed`` is called after each transaction on SQLite, on its thread, with
    the connection's ``info``."""
    timeout_s = None if statements_may_be_slow else options.timeout_s
    return _open(url, 1, options, writes=True, timeout_s=timeout_s, committed=committed)


def open_reading(url: URL, options: StoreOptions) -> Connections:
    """Open the reading connections; further work waits."""
    return _open(url, options.readers, options, writes=False, timeout_s=options.timeout_s)


def _open(
    url: URL,
    count: int,
    chosen: StoreOptions,
    *,
    writes: bool,
    timeout_s: float | None,
    committed: Committed = lambda info: None,
) -> Connections:
    # hide_parameters: users' text must not get into error messages.
    options: dict[str, Any] = {"pool_size": count, "max_overflow": 0, "hide_parameters": True}
    if not writes and not chosen.pgbouncer:
        options["isolation_level"] = "AUTOCOMMIT"
    if url.get_backend_name() != "sqlite":
        options["pool_timeout"] = chosen.timeout_s
        url, arguments = dialect.connection_arguments(url, chosen, timeout_s)
        asynchronous = create_async_engine(url, connect_args=arguments, **options)
        return _Asynchronous(asynchronous, writes=writes)
    engine = create_engine(url, **options)
    event.listen(engine, "connect", dialect.configure_sqlite)
    if writes:
        event.listen(engine, "begin", dialect.begin_immediate)
    return _OnThreads(engine, count, writes=writes, committed=committed)


class _OnThreads:
    def __init__(self, engine: Engine, count: int, *, writes: bool, committed: Committed) -> None:
        self.engine = engine
        self._committed = committed
        self._connect: Callable[[], AbstractContextManager[Connection]] = engine.begin if writes else engine.connect
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="kouyu-store")

    async def run(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._work, work)

    def _work(self, work: Callable[[Connection], T]) -> T:
        with self._connect() as connection:
            notices.begin(connection)
            result = work(connection)
            info = connection.info
        self._committed(info)
        return result

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self.engine.dispose()


class _Asynchronous:
    def __init__(self, engine: AsyncEngine, *, writes: bool) -> None:
        from asyncpg import InterfaceError

        self.engine = engine.sync_engine
        self._engine = engine
        self._lost = InterfaceError
        self._connect: Callable[[], AbstractAsyncContextManager[AsyncConnection]] = (
            engine.begin if writes else engine.connect
        )

    async def run(self, work: Callable[[Connection], T]) -> T:
        try:
            async with self._connect() as connection:
                return await connection.run_sync(work)
        except self._lost as error:  # SQLAlchemy does not wrap it where a connection is lost while it is set up
            raise ConnectionError(str(error)) from error

    async def close(self) -> None:
        await self._engine.dispose()
