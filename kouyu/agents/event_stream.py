"""Incremental parser for server-sent events."""

import re
from collections.abc import Iterator
from typing import Final

MAX_EVENT_BYTES: Final = 1024 * 1024

_NO_NAME: Final = "message"

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)


class EventTooLong(ValueError):
    """An event is longer than MAX_EVENT_BYTES."""


class EventDecoder:
    """Splits a byte stream into events. Pieces may be cut anywhere, also inside a character.

    Comments and the fields ``id`` and ``retry`` are ignored.
    """

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        """Pieces of an unfinished line."""
        self._rest_size = 0
        self._name = _NO_NAME
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of each event that ``piece`` completes. Raises EventTooLong."""
        return [data for _, data in self.feed_named(piece)]

    def feed_named(self, piece: bytes) -> list[tuple[str, bytes]]:
        """Return name and data of each event that ``piece`` completes; "message" if unnamed. Raises EventTooLong."""
        # A long line in many pieces is joined once, not at every piece.
        is_over = b"\n" in piece or b"\r" in piece or (bool(self._rest) and self._rest[-1].endswith(b"\r"))
        events: list[tuple[str, bytes]] = []
        if is_over:
            *lines, rest = _LINE_END.split(b"".join((*self._rest, piece)))
            events = list(self._take_all(lines))
            self._rest, self._rest_size = [rest], len(rest)
        elif piece:
            self._rest.append(piece)
            self._rest_size += len(piece)
        if self._rest_size + self._size > MAX_EVENT_BYTES:
            raise EventTooLong(f"an event longer than {MAX_EVENT_BYTES} bytes")
        return events

    def finish(self) -> list[bytes]:
        """Return the data of a last event that has no blank line after it because the stream ended."""
        return [data for _, data in self.finish_named()]

    def finish_named(self) -> list[tuple[str, bytes]]:
        """The same with its name."""
        lines = [b"".join(self._rest).rstrip(b"\r"), b""]
        self._rest, self._rest_size = [], 0
        return list(self._take_all(lines))

    def _take_all(self, lines: list[bytes]) -> Iterator[tuple[str, bytes]]:
        for line in lines:
            field, _, value = line.partition(b":")
            if field == b"data":
                self._data.append(value.removeprefix(b" "))
                self._size += len(value) + 1
            elif field == b"event":
                self._name = value.removeprefix(b" ").decode(errors="replace")
            elif not line:
                name, data = self._name, self._data
                self._name, self._data, self._size = _NO_NAME, [], 0
                if data:
                    yield name, b"\n".join(data)
