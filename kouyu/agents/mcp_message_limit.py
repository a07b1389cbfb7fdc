"""Limits the size of messages from MCP servers: checked before the SDK parses them on the event loop."""

import codecs
import re
from typing import Any, Final

import msgspec

MOST_BYTES: Final = 1024 * 1024
MOST_NESTED: Final = 4000
"""Most JSON arrays and objects in one message. The SDK takes 7 µs for each that does not match the protocol."""
TOO_LONG: Final = f"its answer is too long: at most {MOST_BYTES} bytes, with {MOST_NESTED} JSON arrays and objects"

_CODE: Final = -32001
_KEPT: Final = 256
"""Bytes kept of each end of a line that is too long; one of them has the id of the request that it answers."""
_ID: Final = rb'"id"\s*:\s*(\d+|"[^"\\]*")\s*'
_ID_FIRST: Final = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?' + _ID + rb',\s*(?!"method")')
_ID_LAST: Final = re.compile(_ID + rb'(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$')


def is_too_long(message: bytes | bytearray) -> bool:
    """Whether parsing the message would block the event loop. Takes less than 1 ms."""
    return len(message) > MOST_BYTES or message.count(b"{") + message.count(b"[") > MOST_NESTED


def failure(request_id: Any) -> bytes:
    """Return a JSON-RPC error that answers the request in place of a message that is too long."""
    error = {"code": _CODE, "message": TOO_LONG}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": request_id, "error": error})


class BoundedLines(codecs.IncrementalDecoder):
    """Decodes UTF-8 line by line. A line that is too long is replaced by a ``failure`` of the request that it answers,
    or dropped if neither end of it has the request's id. Never holds more of a line than the limit.
    """

    def __init__(self, errors: str = "strict") -> None:
        super().__init__(errors)
        self._line = bytearray()
        self._begin: bytes | None = None
        """The beginning of a line that is too long, whose end is then in ``_line``; None for other lines."""

    def decode(self, data: Any, final: bool = False) -> str:
        """Return the lines that are now complete."""
        *ends, rest = bytes(data).split(b"\n")
        lines: list[str] = []
        for end in ends:
            self._add(end)
            lines.append(self._whole())
        self._add(rest)
        return "".join(lines)

    def _add(self, part: bytes) -> None:
        self._line += part
        if self._begin is None and len(self._line) > MOST_BYTES:
            self._begin = bytes(self._line[:_KEPT])
        if self._begin is not None:
            del self._line[:-_KEPT]

    def _whole(self) -> str:
        line, begin = self._line, self._begin
        self._line, self._begin = bytearray(), None
        if begin is None and not is_too_long(line):
            return line.decode("utf-8", self.errors) + "\n"
        answered = _ID_FIRST.match(line[:_KEPT] if begin is None else begin) or _ID_LAST.search(line[-_KEPT:])
        return failure(msgspec.json.decode(answered[1])).decode() + "\n" if answered else ""


BOUNDED_LINES: Final = "kouyu_bounded_lines"
"""Name of the encoding made of BoundedLines. The SDK decodes a program's output with an encoding that its caller can
choose, before it parses anything."""


def _find(name: str) -> codecs.CodecInfo | None:
    if name != BOUNDED_LINES:
        return None
    utf_8 = codecs.lookup("utf-8")
    return codecs.CodecInfo(utf_8.encode, utf_8.decode, incrementaldecoder=BoundedLines, name=BOUNDED_LINES)


codecs.register(_find)
