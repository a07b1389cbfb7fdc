"""Server-sent events, as they come off the wire."""

import re
from typing import Final

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)


class EventTooLong(ValueError):
    """More than MAX_EVENT_BYTES came without the end of an event."""


class EventDecoder:
    """Cuts a byte stream into the data of its events. Pieces may be cut anywhere, also inside a character.

    Comments and the fields ``event``, ``id`` and ``retry`` are passed over.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of each event that ``piece`` completes. Raises EventTooLong."""
        *lines, self._rest = _LINE_END.split(self._rest + piece)
        events = [data for line in lines if (data := self._take(line)) is not None]
        if len(self._rest) + self._size > MAX_EVENT_BYTES:
            raise EventTooLong(f"an event longer than {MAX_EVENT_BYTES} bytes")
        return events

    def finish(self) -> list[bytes]:
        """The data of a last event that the stream's end cut off before its blank line."""
        lines = [self._rest.rstrip(b"\r"), b""]
        self._rest = b""
        return [data for line in lines if (data := self._take(line)) is not None]

    def _take(self, line: bytes) -> bytes | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return b"\n".join(data) if data else None
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
        return None
