"""Server-sent events, as they come off the wire."""

import re
from collections.abc import Iterator
from typing import Final

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024

_NO_NAME: Final = "message"

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)


class EventTooLong(ValueError):
    """More than MAX_EVENT_BYTES came without the end of an event."""


class EventDecoder:
    """Cuts a byte stream into the data of its events. Pieces may be cut anywhere, also inside a character.

    Comments and the fields ``id`` and ``retry`` are passed over.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._name = _NO_NAME
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of each event that ``piece`` completes. Raises EventTooLong."""
        return [data for _, data in self.feed_named(piece)]

    def feed_named(self, piece: bytes) -> list[tuple[str, bytes]]:
        """Name and data of each event that ``piece`` completes; no name is "message". Raises EventTooLong."""
        *lines, self._rest = _LINE_END.split(self._rest + piece)
        events = list(self._take_all(lines))
        if len(self._rest) + self._size > MAX_EVENT_BYTES:
            raise EventTooLong(f"an event longer than {MAX_EVENT_BYTES} bytes")
        return events

    def finish(self) -> list[bytes]:
        """The data of a last event that the stream's end cut off before its blank line."""
        return [data for _, data in self.finish_named()]

    def finish_named(self) -> list[tuple[str, bytes]]:
        """The same with its name."""
        lines = [self._rest.rstrip(b"\r"), b""]
        self._rest = b""
        return list(self._take_all(lines))

    def _take_all(self, lines: list[bytes]) -> Iterator[tuple[str, bytes]]:
        for line in lines:
            field, _, value = line.partition(b":")
            if field == b"data":
                self._data.append(value.removeprefix(b" "))
                self._size += len(value)
            elif field == b"event":
                self._name = value.removeprefix(b" ").decode(errors="replace")
            elif not line:
                name, data = self._name, self._data
                self._name, self._data, self._size = _NO_NAME, [], 0
                if data:
                    yield name, b"\n".join(data)
