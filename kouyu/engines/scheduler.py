"""Runs the engines' blocking work on worker threads, most urgent first, and cancels work without a waiting caller.

Two rules keep latency low on few cores:

- Work less urgent than a first sentence may use all workers but one, so that a final transcript finds one free.
- A stream releases its thread after every piece, so that more urgent work runs in between, and while its reader is a
  full buffer behind, so that a slow reader never holds a thread.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from kouyu.engines.errors import EngineOverloaded
from kouyu.engines.work import Call, CancelToken, Item, Job, Priority, Stream, Together, WorkCancelled

__all__ = ["CancelToken", "Load", "Priority", "Scheduler", "WorkCancelled"]

log = logging.getLogger(__name__)

T = TypeVar("T")

CLOSE_LIMIT = 1.0
"""Seconds that close() waits for work to stop. Loading a model does not check for cancellation."""
MOST_TOGETHER = 4
"""Callers whose work is done at once: eight cost hardly less each, and the first would wait twice as long."""
_THREAD = "kouyu-engine"


class Load(msgspec.Struct, frozen=True):
    """The load of a scheduler."""

    waiting: int
    """Jobs that are ready to run and have no thread."""
    running: int
    oldest_wait: float
    """Seconds that the longest waiting job has waited; 0.0 if none waits."""
    oldest_urgent_wait: float = 0.0
    """The same of jobs for which a user waits: FINAL and FIRST_SENTENCE."""


def threads_at_work() -> bool:
    """Whether any scheduler, even a closed one, still has threads: native code cannot be interrupted."""
    return any(thread.name.startswith(_THREAD) for thread in threading.enumerate())


class Scheduler:
    """Threads for blocking work in front of one event loop or several.

    ``workers`` threads, at least 1. A single worker is not reserved for urgent work, which then waits for the running
    piece. At most ``max_waiting`` jobs wait; beyond that new work is refused with EngineOverloaded. Work less urgent
    than a sentence is refused at half of it, so that interim transcripts leave room for final ones. Each iterator of a
    stream runs on one thread at a time, but not always on the same one.
    """

    def __init__(self, workers: int = 2, *, max_waiting: int = 1000) -> None:
        if workers < 1:
            raise ValueError("a scheduler needs at least one worker")
        self._max_waiting = max_waiting
        self._background_limit = max(1, workers - 1)
        lock = threading.Lock()
        self._lock = lock
        self._work_ready = threading.Condition(lock)
        self._queues: dict[Priority, deque[Job]] = {priority: deque() for priority in sorted(Priority)}
        self._resting: set[Job] = set()
        self._running: set[Job] = set()
        self._busy_s: defaultdict[str, float] = defaultdict(float)
        self._needed_busy_s = 0.0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"{_THREAD}-{number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def workers(self) -> int:
        """How many threads there are."""
        return len(self._threads)

    @property
    def load(self) -> Load:
        """The present load."""
        now = time.monotonic()
        with self._lock:
            waiting = [job for queue in self._queues.values() for job in queue]
            running = len(self._running)
        return Load(
            waiting=len(waiting),
            running=running,
            oldest_wait=_oldest(waiting, now),
            oldest_urgent_wait=_oldest([job for job in waiting if job.priority <= Priority.FIRST_SENTENCE], now),
        )

    @property
    def busy_s(self) -> dict[str, float]:
        """Seconds that work has held a thread so far, by the last part of the name of the module that ordered it."""
        with self._lock:
            return dict(self._busy_s)

    @property
    def needed_busy_s(self) -> float:
        """The part of ``busy_s`` of work that cannot be left out: final transcripts and the speech of answers."""
        with self._lock:
            return self._needed_busy_s

    async def run(self, work: Callable[[CancelToken], T], priority: Priority) -> T:
        """Run ``work`` on a worker and return its result.

        Exceptions of ``work`` are raised here. Cancelling the awaiting task cancels the token, and drops work that has
        not begun. Raises EngineOverloaded if too many jobs wait and WorkCancelled if the scheduler is closed.
        """
        return await self._result(Call(work, priority))

    async def run_together(
        self,
        work: Callable[[Sequence[tuple[Item, CancelToken]]], Iterable[Callable[[], T]]],
        item: Item,
        *,
        group: Hashable,
        priority: Priority,
    ) -> T:
        """As ``run``, for work that costs less for several callers at once (``work.Together``).

        A worker that begins such work takes up to MOST_TOGETHER - 1 more of the same group and priority along, if they
        wait. Nothing waits for others to come.
        """
        return await self._result(Together(work, item, group, priority))

    async def _result(self, call: Call[T]) -> T:
        self._submit(call)
        try:
            return await call.result
        finally:
            self._withdraw(call)

    async def stream(self, work: Callable[[CancelToken], Iterable[T]], priority: Priority) -> AsyncGenerator[T, None]:
        """Run ``work`` on a worker and yield its pieces as they come. It starts when the first one is requested.

        The work pauses when it is ``work.STREAM_BUFFER`` pieces ahead. Closing the generator (``aclose``, or
        cancelling the task that reads) cancels the token: the work stops after the piece it is at, and its iterator
        is closed on a worker. Raises what ``run`` raises, after the pieces that came before.

        Use it with ``contextlib.aclosing``: leaving an ``async for`` early does not close the generator.
        """
        job = Stream(work, priority)
        self._submit(job)
        try:
            while True:
                # Cleared before the check, so that a piece that comes in between sets it again.
                job.changed.clear()
                ended = job.ended
                while job.buffer:
                    piece = job.buffer.popleft()
                    self._resume(job)
                    yield piece
                if ended:
                    break
                await job.changed.wait()
            if job.error is not None:
                raise job.error
        finally:
            self._withdraw(job)

    async def close(self) -> None:
        """Cancel all work and end the threads, waiting CLOSE_LIMIT seconds at most. Callers see WorkCancelled."""
        with self._lock:
            self._closed = True
            taken = [other for job in self._running for other in (job, *job.others)]
            for job in [*taken, *self._resting, *(job for queue in self._queues.values() for job in queue)]:
                self._cancel(job)
                if not job.begun:
                    job.fail(WorkCancelled())
            self._work_ready.notify_all()
        await asyncio.to_thread(self._join)

    def _join(self) -> None:
        deadline = time.monotonic() + CLOSE_LIMIT
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        stuck = [thread.name for thread in self._threads if thread.is_alive()]
        if stuck:
            log.info("engine work did not stop within %g s on %s", CLOSE_LIMIT, ", ".join(stuck))

    def _submit(self, job: Job) -> None:
        with self._lock:
            if self._closed:
                raise WorkCancelled
            most = self._max_waiting if job.priority <= Priority.SENTENCE else max(1, self._max_waiting // 2)
            if sum(map(len, self._queues.values())) >= most:
                raise EngineOverloaded
            self._enqueue(job)

    def _withdraw(self, job: Job) -> None:
        """Remove a job whose caller no longer waits, with or without a result."""
        with self._lock:
            self._cancel(job)

    def _cancel(self, job: Job) -> None:
        job.token.cancel()
        if not job.begun:
            with contextlib.suppress(ValueError):
                self._queues[job.priority].remove(job)
        elif job in self._resting:  # a worker has to close its iterator
            self._resting.remove(job)
            self._enqueue(job, first=True)

    def _resume(self, job: Job) -> None:
        with self._lock:
            if job in self._resting:
                self._resting.remove(job)
                self._enqueue(job, first=True)

    def _enqueue(self, job: Job, *, first: bool = False) -> None:
        job.waiting_since = time.monotonic()
        queue = self._queues[job.priority]
        if first:
            queue.appendleft(job)
        else:
            queue.append(job)
        # All workers: a single one that wakes up might be one that may not take this job.
        self._work_ready.notify_all()

    def _serve(self) -> None:
        """Run jobs until the scheduler is closed: the loop of one worker."""
        while (job := self._take()) is not None:
            began = time.monotonic()
            finished = job.step()
            self._put_down(job, finished, time.monotonic() - began)
            del job  # else an idle worker keeps the last audio alive

    def _take(self) -> Job | None:
        with self._lock:
            while (job := self._next()) is None:
                if self._closed:
                    return None
                self._work_ready.wait()
            job.begun = True
            self._running.add(job)
            if isinstance(job, Together):
                job.others = self._taken_along(job)
            return job

    def _taken_along(self, first: Together[Any, Any]) -> list[Job]:
        """Remove jobs from the queue that are done together with ``first``."""
        queue = self._queues[first.priority]
        same = [job for job in queue if isinstance(job, Together) and job.group == first.group]
        others: list[Job] = list(same[: MOST_TOGETHER - 1])
        for job in others:
            queue.remove(job)
            job.begun = True
        return others

    def _next(self) -> Job | None:
        for priority, queue in self._queues.items():
            if queue and self._may_begin(priority):
                return queue.popleft()
        return None

    def _may_begin(self, priority: Priority) -> bool:
        if priority <= Priority.FIRST_SENTENCE:
            return True
        return sum(job.priority > Priority.FIRST_SENTENCE for job in self._running) < self._background_limit

    def _put_down(self, job: Job, finished: bool, busy_s: float) -> None:
        with self._lock:
            self._running.remove(job)
            self._busy_s[job.ordered_by] += busy_s
            if job.priority <= Priority.SENTENCE:
                self._needed_busy_s += busy_s
            if not finished:
                if job.has_room() or job.token.cancelled:
                    self._enqueue(job, first=True)
                else:
                    self._resting.add(job)
            elif job.priority > Priority.FIRST_SENTENCE:
                self._work_ready.notify_all()


def _oldest(jobs: Iterable[Job], now: float) -> float:
    return max((now - job.waiting_since for job in jobs), default=0.0)
