"""The scheduler's jobs: blocking work with one result, or a stream of them."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextvars import copy_context
from enum import IntEnum
from functools import partial
from typing import Generic, NoReturn, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")
Item = TypeVar("Item")

STREAM_BUFFER = 64
"""Pieces a stream may be ahead of its reader. When it is full the work pauses, without a thread, until the reader
has taken one."""


class Priority(IntEnum):
    """How urgent a piece of work is: the lower runs first."""

    FINAL = 10
    FIRST_SENTENCE = 20
    SENTENCE = 30
    INTERIM = 40
    SPECULATIVE = 50
    BATCH = 60
    """Recordings: their callers are not in a live conversation."""


class WorkCancelled(Exception):
    """The work was cancelled. A caller sees it only if the scheduler itself was closed."""


def _module(work: Callable[..., object]) -> str:
    while isinstance(work, partial):
        work = work.func
    return work.__module__.rpartition(".")[2]


class CancelToken:
    """Signals running work that its caller no longer waits. Thread-safe."""

    def __init__(self) -> None:
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """Whether the work should stop."""
        return self._cancelled

    def cancel(self) -> None:
        """Request the work to stop. Cannot be undone."""
        self._cancelled = True

    def check(self) -> None:
        """Raise WorkCancelled if the work should stop."""
        if self._cancelled:
            raise WorkCancelled


class Job(ABC):
    """One job of the scheduler. ``step`` runs on a worker, the other methods under the scheduler's lock."""

    def __init__(self, priority: Priority, ordered_by: str) -> None:
        self.priority = priority
        self.ordered_by = ordered_by
        """The last part of the name of the module that the work is written in."""
        self.token = CancelToken()
        self.begun = False
        self.others: list[Job] = []
        """Jobs that are done in the same step."""
        self.waiting_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        """That of the caller, so that log lines of the work name its connection."""

    @abstractmethod
    def step(self) -> bool:
        """Do the next piece; return True when the job is done. Raises nothing."""

    @abstractmethod
    def fail(self, error: Exception) -> None:
        """Pass an error to the caller instead of a result."""

    def has_room(self) -> bool:
        """Whether the buffer has room for the next piece."""
        return True

    def _tell(self, callback: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:  # the caller's event loop is closed
            self.token.cancel()


class Call(Job, Generic[T]):
    """Work that gives one result."""

    def __init__(self, work: Callable[[CancelToken], T], priority: Priority) -> None:
        super().__init__(priority, _module(work))
        self._work = work
        self.result: asyncio.Future[T] = self._loop.create_future()

    def step(self) -> bool:
        try:
            self.token.check()
            value = self._context.run(self._work, self.token)
        except BaseException as error:  # the boundary of foreign work: a worker must outlive it
            self.fail(_as_exception(error))
        else:
            self._settle(lambda: self.result.set_result(value))
        return True

    def fail(self, error: Exception) -> None:
        self._settle(lambda: self.result.set_exception(error))

    def _settle(self, settle: Callable[[], None]) -> None:
        def unless_cancelled() -> None:
            if not self.result.done():
                settle()

        self._tell(unless_cancelled)


class Together(Call[T], Generic[Item, T]):
    """Work that is done for several callers at once, at less cost than for one after the other.

    ``work`` gets the items of all callers of one ``group`` with their tokens. For each in turn it yields a function
    that returns the result, or raises, for that caller alone.
    """

    def __init__(
        self,
        work: Callable[[Sequence[tuple[Item, CancelToken]]], Iterable[Callable[[], T]]],
        item: Item,
        group: Hashable,
        priority: Priority,
    ) -> None:
        super().__init__(_unused, priority)
        self.ordered_by = _module(work)
        self.item = item
        self.group = group
        self._for_all = work

    def step(self) -> bool:
        jobs = [job for job in (self, *self.others) if isinstance(job, Together) and not job.token.cancelled]
        try:
            finish = self._context.run(self._for_all, [(job.item, job.token) for job in jobs]) if jobs else ()
            for job, result in zip(jobs, finish, strict=False):
                job.finish(result)
        except BaseException as error:  # the boundary of foreign work: a worker must outlive it
            for job in jobs:
                job.fail(_as_exception(error))
        return True

    def finish(self, result: Callable[[], T]) -> None:
        """Pass its own result, or error, to the caller."""
        try:
            value = self._context.run(result)
        except BaseException as error:  # the same boundary
            self.fail(_as_exception(error))
        else:
            self._settle(lambda: self.result.set_result(value))


class Stream(Job, Generic[T]):
    """Work that gives many results, one piece at a time."""

    def __init__(self, work: Callable[[CancelToken], Iterable[T]], priority: Priority) -> None:
        super().__init__(priority, _module(work))
        self._work = work
        self._pieces: Iterator[T] | None = None
        self.buffer: deque[T] = deque()
        self.changed = asyncio.Event()
        self.ended = False
        self.error: Exception | None = None

    def has_room(self) -> bool:
        return len(self.buffer) < STREAM_BUFFER

    def step(self) -> bool:
        try:
            self.token.check()
            if self._pieces is None:
                self._pieces = self._context.run(lambda: iter(self._work(self.token)))
            self.buffer.append(self._context.run(next, self._pieces))
        except StopIteration:
            self._end(None)
        except BaseException as error:  # the boundary of foreign work: a worker must outlive it
            self._close_pieces()
            self._end(_as_exception(error))
        else:
            self._tell(self.changed.set)
        return self.ended

    def fail(self, error: Exception) -> None:
        self._end(error)

    def _end(self, error: Exception | None) -> None:
        self.error = error
        self.ended = True
        self._tell(self.changed.set)

    def _close_pieces(self) -> None:
        close = getattr(self._pieces, "close", None)
        if close is not None:
            try:
                close()
            except BaseException:  # the same boundary: its caller has gone, so the log is all that is left
                log.exception("a cancelled stream failed while it was closed")


def _unused(_: CancelToken) -> NoReturn:
    raise NotImplementedError


def _as_exception(error: BaseException) -> Exception:
    """Wrap an exception for a waiting coroutine: futures refuse StopIteration, and SystemExit would end the loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"engine work raised {type(error).__name__}")
    wrapped.__cause__ = error
    return wrapped
