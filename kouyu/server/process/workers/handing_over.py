"""Accepts connections in the parent process, and hands each to the worker that has the fewest.

The kernel does not spread them evenly: processes that accept from one socket take what they find, so an idle one takes
a whole burst, and with a socket for each (SO_REUSEPORT) it draws lots, and knows nothing of what is open. Sessions last
for hours, so what is uneven stays so (docs/design.md).
"""

import asyncio
import contextlib
import logging
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from kouyu.server.siblings.shared_counts import SharedCounts

log = logging.getLogger(__name__)

Port: TypeAlias = Literal["plain", "tls"]
MARKS: Final[dict[Port, bytes]] = {"plain": b"p", "tls": b"t"}
"""What is sent with a connection: the port that it came to."""
_AT_ONCE: Final = 64
"""Connections accepted before other work of the event loop."""
_AGAIN_S: Final = 0.02
"""Pause while no worker takes a connection, or the process has no descriptor left."""
_TAKEN_S: Final = 0.002
"""How soon it is looked whether the workers have taken what they were handed. Until then this process holds it too, and
a connection that its worker closes stays open."""


class _Handed(msgspec.Struct, frozen=True):
    """A connection that a worker has not taken yet. ``number``: counted for each worker from 1."""

    number: int
    port: Port
    connection: socket.socket


class HandingOver:
    """Hands connections to workers. A worker is known from ``add`` until ``remove``; what it had not taken when it
    ended goes to another."""

    def __init__(self, counts: SharedCounts) -> None:
        self._counts = counts
        self._ends: dict[int, socket.socket] = {}
        self._sent: dict[int, int] = {}
        self._handed: dict[int, deque[_Handed]] = {}
        self._left: list[tuple[Port, socket.socket]] = []
        """Connections that wait for a worker."""
        self._looking: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, asyncio.TimerHandle] = {}

    def add(self, worker: int, end: socket.socket) -> None:
        """The worker takes connections at the other end of this pair of sockets."""
        end.setblocking(False)
        self._ends[worker], self._sent[worker], self._handed[worker] = end, 0, deque()
        left, self._left = self._left, []
        for port, connection in left:
            self._hand_over(port, connection)

    def remove(self, worker: int) -> None:
        """The worker has ended."""
        if (end := self._ends.pop(worker, None)) is None:
            return
        end.close()
        self._forget_taken(worker)
        for handed in self._handed.pop(worker):
            self._hand_over(handed.port, handed.connection)

    @contextlib.contextmanager
    def accepting(self, listeners: Mapping[Port, socket.socket]) -> Iterator[None]:
        """Accept and hand over while the block runs."""
        for port, listener in listeners.items():
            self._loop.add_reader(listener.fileno(), self._accept, port, listener)
        try:
            yield
        finally:
            for listener in listeners.values():
                self._loop.remove_reader(listener.fileno())
            for timer in (*self._waiting.values(), self._looking):
                if timer is not None:
                    timer.cancel()
            for handed in (handed for of_worker in self._handed.values() for handed in of_worker):
                handed.connection.close()
            for _, connection in self._left:
                connection.close()

    def _accept(self, port: Port, listener: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            if not self._ends or self._left:
                self._pause(port, listener)
                return
            try:
                connection, _ = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as fault:  # no descriptor is free: the connection stays in the queue of the kernel
                log.error("no connection can be accepted: %s", fault.strerror)
                self._pause(port, listener)
                return
            self._hand_over(port, connection)

    def _pause(self, port: Port, listener: socket.socket) -> None:
        number = listener.fileno()
        self._loop.remove_reader(number)
        again = lambda: self._loop.add_reader(number, self._accept, port, listener)  # noqa: E731
        self._waiting[number] = self._loop.call_later(_AGAIN_S, again)

    def _hand_over(self, port: Port, connection: socket.socket) -> None:
        """Send the connection to the worker with the fewest; to the next one if that cannot take it."""
        for worker in sorted(self._ends, key=self._open_at):
            try:
                socket.send_fds(self._ends[worker], [MARKS[port]], [connection.fileno()])
            except OSError:  # it has just ended, or hangs with a full queue
                continue
            self._sent[worker] += 1
            self._handed[worker].append(_Handed(self._sent[worker], port, connection))
            if self._looking is None:
                self._looking = self._loop.call_later(_TAKEN_S, self._look)
            return
        self._left.append((port, connection))
        if self._looking is None:
            self._looking = self._loop.call_later(_AGAIN_S, self._look)

    def _look(self) -> None:
        """Let go of what the workers have taken, and hand over what waits."""
        self._looking = None
        for worker in self._handed:
            self._forget_taken(worker)
        left, self._left = self._left, []
        for port, connection in left:
            self._hand_over(port, connection)
        if self._looking is None and any(self._handed.values()):
            self._looking = self._loop.call_later(_TAKEN_S, self._look)

    def _forget_taken(self, worker: int) -> None:
        handed, taken = self._handed[worker], self._counts.get(worker, "taken")
        while handed and handed[0].number <= taken:
            handed.popleft().connection.close()

    def _open_at(self, worker: int) -> int:
        """The WebSockets of a worker, and the connections that may become one."""
        return self._counts.get(worker, "sockets") + self._sent[worker] - self._counts.get(worker, "taken")
