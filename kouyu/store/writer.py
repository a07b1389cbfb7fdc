"""The single writer: one task takes what waits, commits it as one transaction, and only then tells the callers.

With one writer nothing contends for SQLite's write lock inside the process, and the cost of a durable commit (an fsync)
is shared by everybody who waited meanwhile.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from kouyu.store import dialect
from kouyu.store.connections import Connections
from kouyu.store.errors import StoreClosed, StoreError

logger = logging.getLogger(__name__)

WAITING_LIMIT: Final = 1024
"""Requests not yet committed; further callers wait for room."""

GROUP_LIMIT: Final = 128
"""Requests in one transaction."""

T_co = TypeVar("T_co", covariant=True)


class Write(Protocol[T_co]):
    """One change of the database, as a value. It may be applied again when its transaction had to be repeated."""

    def apply(self, connection: Connection) -> T_co:
        """Carry the change out on the open transaction. Raises StoreError when it cannot be done."""
        ...


class _Request:
    """The writes of one caller: all of them or none. One that ``holds_room`` gives it back when it is done."""

    __slots__ = ("done", "holds_room", "writes")

    def __init__(self, writes: Sequence[Write[Any]], holds_room: bool) -> None:
        self.writes = writes
        self.holds_room = holds_room
        self.done: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()

    def resolve(self, results: tuple[Any, ...]) -> None:
        if not self.done.done():
            self.done.set_result(results)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Writer:
    """Owns the one connection that writes, and the task that uses it. To be made on a running event loop."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._waiting: deque[_Request] = deque()
        self._room = asyncio.Semaphore(WAITING_LIMIT)
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="store writer")

    async def write(self, writes: Sequence[Write[Any]]) -> tuple[Any, ...]:
        """Carry out the writes in one transaction; their results, once they are on disk.

        Requests are committed in the order of the calls. While WAITING_LIMIT requests wait, the caller waits for room.
        A caller cancelled after that gets no answer, but its writes are still made.
        Raises StoreError when the database refuses, StoreClosed when the writer is closing.
        """
        await self._room.acquire()
        if self._closing:
            self._room.release()
            raise StoreClosed("the store is closed")
        return await self._enqueue(_Request(writes, holds_room=True)).done

    def offer(self, write: Write[Any]) -> bool:
        """Queue a write nobody waits for. False, and nothing is queued, when WAITING_LIMIT requests already wait."""
        if self._closing or len(self._waiting) >= WAITING_LIMIT:
            return False
        self._enqueue(_Request((write,), holds_room=False)).done.add_done_callback(_log_failure)
        return True

    async def close(self) -> None:
        """Carry out what waits, then stop. Only now does a write fail if another program holds the database locked."""
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
        """Commit the group; when that fails, each request alone, so that only the culprit's caller hears of it."""
        try:
            results = await self._transaction(group)
        # The boundary of the writer: whatever one caller's write does, the others' go on.
        except Exception as error:
            if len(group) == 1:
                group[0].fail(_told(error))
            else:
                for request in group:
                    await self._commit([request])
        else:
            for request, result in zip(group, results, strict=True):
                request.resolve(result)

    async def _transaction(self, group: list[_Request]) -> list[tuple[Any, ...]]:
        reconnected = False
        while True:
            try:
                return await self._connections.run(lambda connection: _apply(connection, group))
            except DBAPIError as error:
                if error.connection_invalidated and not reconnected:
                    reconnected = True
                elif not dialect.is_locked(error) or self._closing:
                    raise
                else:
                    logger.warning("another program holds the database locked; %d writes wait", len(self._waiting))


def _apply(connection: Connection, group: list[_Request]) -> list[tuple[Any, ...]]:
    return [tuple(write.apply(connection) for write in request.writes) for request in group]


def _told(error: Exception) -> Exception:
    if isinstance(error, SQLAlchemyError | OSError):
        told = StoreError(f"the database refused a write: {dialect.reason(error)}")
        told.__cause__ = error
        return told
    return error


def _log_failure(done: asyncio.Future[tuple[Any, ...]]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        logger.warning("a write nobody waits for failed: %s", error)
