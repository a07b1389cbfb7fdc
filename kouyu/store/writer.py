"""The single writer: one task commits all waiting requests as one transaction, then answers their callers.

A transaction whose commit was not answered is repeated only if the database says that it was not made.

With one writer there is no contention for SQLite's write lock inside the process, and the cost of a durable commit (an
fsync) is shared by all requests that waited meanwhile.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from kouyu.store import dialect
from kouyu.store.connections import Connections
from kouyu.store.errors import DatabaseAway, StoreClosed, StoreError
from kouyu.store.patience import patiently

logger = logging.getLogger(__name__)

WAITING_LIMIT: Final = 1024
"""Requests not yet committed; further callers wait for room."""

GROUP_LIMIT: Final = 128
"""Requests in one transaction."""

T_co = TypeVar("T_co", covariant=True)


class Write(Protocol[T_co]):
    """One change of the database, as a value. It may be applied again if its transaction is repeated."""

    def apply(self, connection: Connection) -> T_co:
        """Apply the change in the open transaction. Raises StoreError if it fails."""
        ...


class _Request:
    """The writes of one caller: all or none. One that ``holds_room`` releases its place in the queue when done."""

    __slots__ = ("done", "holds_room", "since", "writes")

    def __init__(self, writes: Sequence[Write[Any]], holds_room: bool) -> None:
        self.writes = writes
        self.holds_room = holds_room
        self.since = time.monotonic()
        self.done: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()

    def resolve(self, results: tuple[Any, ...]) -> None:
        if not self.done.done():
            self.done.set_result(results)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class _Made(msgspec.Struct, frozen=True):
    """The results of a transaction whose commit has been asked for, and by which number the database knows it."""

    transaction: int
    results: list[tuple[Any, ...]]


class Writer:
    """Owns the writing connection, and the task that uses it. Create it on a running event loop."""

    def __init__(self, connections: Connections, patience_s: float) -> None:
        """``patience_s``: how long a write waits for a database that is away."""
        self._connections = connections
        self._patience_s = patience_s
        self._waiting: deque[_Request] = deque()
        self._room = asyncio.Semaphore(WAITING_LIMIT)
        self._wake = asyncio.Event()
        self._closing = False
        self.observe: Callable[[float], None] = lambda _: None
        """Called with the duration of each transaction, in seconds."""
        self._task = asyncio.create_task(self._run(), name="store writer")

    async def write(self, writes: Sequence[Write[Any]]) -> tuple[Any, ...]:
        """Do the writes in one transaction; return their results once they are on disk.

        Requests are committed in the order of the calls. While WAITING_LIMIT requests wait, the caller waits for room.
        If a caller is cancelled after that, its writes are still made.
        Raises StoreError if the database fails, DatabaseAway if it is away for too long, StoreClosed if the writer is
        closing.
        """
        await self._room.acquire()
        if self._closing:
            self._room.release()
            raise StoreClosed("the store is closed")
        return await self._enqueue(_Request(writes, holds_room=True)).done

    def offer(self, write: Write[Any]) -> bool:
        """Queue a write without waiting for it; False if WAITING_LIMIT requests wait already."""
        if self._closing or len(self._waiting) >= WAITING_LIMIT:
            return False
        self._enqueue(_Request((write,), holds_room=False)).done.add_done_callback(_log_failure)
        return True

    async def close(self) -> None:
        """Finish the queued writes, then stop. Only now does a write fail while another program locks the database."""
        self._closing = True
        self._wake.set()
        await self._task

    def _enqueue(self, request: _Request) -> _Request:
        self._waiting.append(request)
        self._wake.set()
        return request

    async def _run(self) -> None:
        while not self._closing:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_LIMIT))]
                await self._commit(group)
                for request in group:
                    if request.holds_room:
                        self._room.release()

    async def _commit(self, group: list[_Request]) -> None:
        """Commit the group; if that fails, each request alone, so that only the failing one's caller gets the error."""
        try:
            results = await self._transaction(group)
        # The boundary of the writer: a failing write must not stop those of other callers.
        except Exception as error:
            if len(group) == 1 or dialect.is_away(error):
                for request in group:
                    request.fail(_told(error))
            else:
                for request in group:
                    await self._commit([request])
        else:
            for request, result in zip(group, results, strict=True):
                request.resolve(result)

    async def _transaction(self, group: list[_Request]) -> list[tuple[Any, ...]]:
        made: _Made | None = None

        def apply(connection: Connection) -> list[tuple[Any, ...]]:
            nonlocal made
            results = _apply(connection, group)
            transaction = dialect.transaction_number(connection)
            made = None if transaction is None else _Made(transaction, results)
            return results

        async def attempt() -> list[tuple[Any, ...]]:
            nonlocal made
            if (last := made) is not None:
                # The connection was lost after the commit was asked for: it may have been made all the same.
                if await self._connections.run(lambda connection: dialect.was_committed(connection, last.transaction)):
                    return last.results
                made = None
            began = time.monotonic()
            results = await self._connections.run(apply)
            self.observe(time.monotonic() - began)
            return results

        # What has waited for as long already, behind others, is tried once more.
        until = 0.0 if self._closing else group[0].since + self._patience_s
        while True:
            try:
                return await patiently(attempt, until=until, what="what is to be saved")
            except DBAPIError as error:
                if not dialect.is_locked(error) or self._closing:
                    raise
                logger.warning("another program holds the database locked; %d writes wait", len(self._waiting))


def _apply(connection: Connection, group: list[_Request]) -> list[tuple[Any, ...]]:
    return [tuple(write.apply(connection) for write in request.writes) for request in group]


def _told(error: Exception) -> Exception:
    if isinstance(error, SQLAlchemyError | OSError):
        kind = DatabaseAway if dialect.is_away(error) else StoreError
        told = kind(f"the database refused a write: {dialect.reason(error)}")
        told.__cause__ = error
        return told
    return error


def _log_failure(done: asyncio.Future[tuple[Any, ...]]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        logger.warning("a background write failed: %s", error)
