"""Counts that the worker processes of a server share: a piece of memory with a row for each worker.

Each worker writes its own row, and reads the others'. So all know at once what runs elsewhere, without a message. The
parent process has the last row.
"""

import mmap
import os
import tempfile
from typing import Final, Literal, TypeAlias, get_args

Count: TypeAlias = Literal["is_ready", "server", "sessions", "chats", "taken", "sockets", "connections", "engines_down"]
"""``is_ready``: 1 once the worker takes connections. ``server``: its number in the table of servers, and so in the ids
that it makes. ``sessions``, ``chats``: those that run. ``taken``: connections that it was handed. ``sockets``: those of
them that are WebSockets, or have not sent a request yet. ``connections``: all of them that are open. ``engines_down``:
of the parent, 1 while the process of the engines does not run."""

_PLACES: Final = {name: place for place, name in enumerate(get_args(Count))}
_BYTES: Final = 8


class SharedCounts:
    """The rows of all workers. Workers are counted from 0."""

    def __init__(self, workers: int, descriptor: int = -1) -> None:
        """``descriptor``: of the memory (``open_memory``), which the other processes have too; -1: there are none."""
        self.workers = workers
        self._values = memoryview(mmap.mmap(descriptor, _size(workers))).cast("q")

    def get(self, worker: int, count: Count) -> int:
        """A count of one worker."""
        return self._values[worker * len(_PLACES) + _PLACES[count]]

    def set(self, worker: int, count: Count, value: int) -> None:
        """Replace a count of one worker."""
        self._values[worker * len(_PLACES) + _PLACES[count]] = value

    def total(self, count: Count) -> int:
        """The sum over all workers."""
        return sum(self.get(worker, count) for worker in range(self.workers))

    @property
    def engines_down(self) -> bool:
        """Whether the process of the engines that all workers share has ended, and the next one is not ready yet."""
        return bool(self.get(self.workers, "engines_down"))

    @engines_down.setter
    def engines_down(self, is_down: bool) -> None:
        self.set(self.workers, "engines_down", int(is_down))

    def clear(self, worker: int) -> None:
        """The worker has ended."""
        for name in _PLACES:
            self.set(worker, name, 0)

    def ready(self) -> list[int]:
        """The workers that take connections."""
        return [worker for worker in range(self.workers) if self.get(worker, "is_ready")]


def open_memory(workers: int) -> int:
    """Open memory for ``SharedCounts``, all zero; return its descriptor, which child processes may inherit."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("kouyu-workers")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, _size(workers))
    return descriptor


def _size(workers: int) -> int:
    return max((workers + 1) * len(_PLACES) * _BYTES, mmap.PAGESIZE)
