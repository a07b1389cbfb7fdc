"""How large a message of an MCP server may be, looked at before the SDK takes it apart on the event loop."""

import codecs
import re
from typing import Any, Final

import msgspec

MOST_BYTES: Final = 1024 * 1024
MOST_NESTED: Final = 4000
"""Arrays and objects. One that is not as the protocol has it costs the SDK 7 µs."""
TOO_LONG: Final = f"its answer is too long: at most {MOST_BYTES} bytes, with {MOST_NESTED} JSON arrays and objects"

_CODE: Final = -32001
_KEPT: Final = 256
"""Bytes of both ends of a line that is too long: its id stands in one of them."""
_ID: Final = rb'"id"\s*:\s*(\d+|"[^"\\]*")\s*'
_ID_FIRST: Final = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?' + _ID + rb',\s*(?!"method")')
_ID_LAST: Final = re.compile(_ID + rb'(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$')


def is_too_long(message: bytes | bytearray) -> bool:
    """Whether taking the message apart would hold the event loop. Costs under 1 ms."""
    return len(message) > MOST_BYTES or message.count(b"{") + message.count(b"[") > MOST_NESTED


def failure(request_id: Any) -> bytes:
    """What is read instead: a JSON-RPC error that answers the request."""
    error = {"code": _CODE, "message": TOO_LONG}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": request_id, "error": error})


class BoundedLines(codecs.IncrementalDecoder):
    """Decodes UTF-8 a whole line at a time. A line that is too long becomes the failure of the request that it answers,
    or is left out where it tells no id within the first or last bytes; no more of it is kept than the limit.
    """

    def __init__(self, errors: str = "strict") -> None:
        super().__init__(errors)
        self._line = bytearray()
        self._begin: bytes | None = None
        """Of a line that is known to be too long; then ``_line`` is its end."""

    def decode(self, data: Any, final: bool = False) -> str:
        """The lines that are whole now."""
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
"""The name of an encoding: the SDK reads what a program writes with the encoding it is given, before all else."""


def _find(name: str) -> codecs.CodecInfo | None:
    if name != BOUNDED_LINES:
        return None
    utf_8 = codecs.lookup("utf-8")
    return codecs.CodecInfo(utf_8.encode, utf_8.decode, incrementaldecoder=BoundedLines, name=BOUNDED_LINES)


codecs.register(_find)
