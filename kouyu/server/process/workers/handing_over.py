"""Accepts connections in the parent process, and hands each to the worker that has the fewest.

The kernel does not spread them evenly: processes that accept from one socket take what they find, so an idle one takes
a whole burst, and with a socket for each (SO_REUSEPORT) it draws lots, and knows nothing of what is open. Sessions last
for hours, so what is uneven stays so (docs/design.md).
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from kouyu.server.siblings.shared_counts import SharedCounts

log = logging.getLogger(__name__)

Port: TypeAlias = Literal["plain", "tls"]
MARKS: Final[dict[Port, bytes]] = {"plain": b"p", "tls": b"t"}
"""What is sent with a connection: the port that it came to."""
_AT_ONCE: Final = 64
"""Connections accepted before other work of the event loop."""
_AGAIN_S: Final = 0.02
"""Pause while no worker takes a connection, or the process has no descriptor left."""


class HandingOver:
    """Hands connections to workers. A worker is known from ``add`` until ``remove``."""

    def __init__(self, counts: SharedCounts) -> None:
        self._counts = counts
        self._ends: dict[int, socket.socket] = {}
        self._sent: dict[int, int] = {}
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, asyncio.TimerHandle] = {}

    def add(self, worker: int, end: socket.socket) -> None:
        """The worker takes connections at the other end of this pair of sockets."""
        end.setblocking(False)
        self._ends[worker], self._sent[worker] = end, 0

    def remove(self, worker: int) -> None:
        """The worker has ended."""
        if (end := self._ends.pop(worker, None)) is not None:
            end.close()

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
            for timer in self._waiting.values():
                timer.cancel()

    def _accept(self, port: Port, listener: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            if not self._ends:
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
            with connection:
                if not self._hand_over(port, connection):
                    log.error("a connection was closed, since no worker takes it")

    def _pause(self, port: Port, listener: socket.socket) -> None:
        number = listener.fileno()
        self._loop.remove_reader(number)
        again = lambda: self._loop.add_reader(number, self._accept, port, listener)  # noqa: E731
        self._waiting[number] = self._loop.call_later(_AGAIN_S, again)

    def _hand_over(self, port: Port, connection: socket.socket) -> bool:
        """Send the connection to the worker with the fewest; to the next one if that cannot take it."""
        for worker in sorted(self._ends, key=self._open_at):
            try:
                socket.send_fds(self._ends[worker], [MARKS[port]], [connection.fileno()])
            except OSError:  # it has just ended, or hangs with a full queue
                continue
            self._sent[worker] += 1
            return True
        return False

    def _open_at(self, worker: int) -> int:
        """The WebSockets of a worker, and the connections that may become one."""
        return self._counts.get(worker, "sockets") + self._sent[worker] - self._counts.get(worker, "taken")
