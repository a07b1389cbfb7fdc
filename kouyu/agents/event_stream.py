"""Server-sent events, as they come off the wire."""

import re
from collections.abc import Iterator
from typing import Final

MAX_EVENT_BYTES: Final = 1024 * 1024

_NO_NAME: Final = "message"

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)


class EventTooLong(ValueError):
    """More than MAX_EVENT_BYTES came without the end of an event."""


class EventDecoder:
    """Cuts a byte stream into the data of its events. Pieces may be cut anywhere, also inside a character.

    Comments and the fields ``id`` and ``retry`` are passed over.
    """

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        """Pieces of a line that is not over."""
        self._rest_size = 0
        self._name = _NO_NAME
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of each event that ``piece`` completes. Raises EventTooLong."""
        return [data for _, data in self.feed_named(piece)]

    def feed_named(self, piece: bytes) -> list[tuple[str, bytes]]:
        """Name and data of each event that ``piece`` completes; no name is "message". Raises EventTooLong."""
        # A long line in many pieces is put together once, and not at each of them.
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
        """The data of a last event that the stream's end cut off before its blank line."""
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
