"""Tells which connections have a turn in progress, so that a server that stops can let it end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kouyu.serving.socket import Socket


class TurnsInProgress:
    """The connections that can have turns, each with its own answer to whether it has one now."""

    def __init__(self) -> None:
        self._by_socket: dict[Socket, Callable[[], bool]] = {}

    @contextmanager
    def reported(self, socket: Socket, in_turn: Callable[[], bool]) -> Iterator[None]:
        """Ask ``in_turn`` about the connection over ``socket`` while the block runs."""
        self._by_socket[socket] = in_turn
        try:
            yield
        finally:
            del self._by_socket[socket]

    @property
    def count(self) -> int:
        """How many connections have a turn in progress."""
        return sum(in_turn() for in_turn in self._by_socket.values())

    def on(self, socket: Socket) -> bool:
        """Whether the user speaks, an answer is prepared, or its sound is still played by the client."""
        in_turn = self._by_socket.get(socket)
        return in_turn is not None and in_turn()
