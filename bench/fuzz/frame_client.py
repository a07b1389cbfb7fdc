"""A fuzzing client at the frame level: WebSocket frames in any order, whole or truncated, also before the handshake."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode

from bench.fuzz.findings import Findings

_ANSWER_S: Final = 30.0
_HANDSHAKE: Final = (
    "GET /v1/chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
)
_UPDATE: Final = b'{"event_type":"chat.update","data":{}}'


def _frame(opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=mask)


PIECES: Final = {
    "text": _frame(Opcode.TEXT, _UPDATE),
    "bytes": _frame(Opcode.BINARY, _UPDATE),
    "no UTF-8": _frame(Opcode.TEXT, b"\xff\xfe"),
    "beginning": _frame(Opcode.TEXT, b'{"event_type"', fin=False),
    "continuation": _frame(Opcode.CONT, b":5}"),
    "empty fragments": _frame(Opcode.CONT, b"", fin=False) * 2000,
    "ping": _frame(Opcode.PING, b"x"),
    "pings": _frame(Opcode.PING, bytes(125)) * 500,
    "pong": _frame(Opcode.PONG, b"x"),
    "close": _frame(Opcode.CLOSE, b"\x03\xe8"),
    "empty close": _frame(Opcode.CLOSE, b""),
    "close of one byte": _frame(Opcode.CLOSE, b"\x03"),
    "close without UTF-8": _frame(Opcode.CLOSE, b"\x03\xe8\xff"),
    "not masked": _frame(Opcode.TEXT, b"{}", mask=False),
    "no such opcode": b"\x83\x80\0\0\0\0",
    "reserved bit": b"\xf1\x80\0\0\0\0",
    "endless": b"\x81\xff\x7f" + b"\xff" * 7 + b"\0" * 4,
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
}


class FrameClient:
    """``goes_on`` is asked before each connection."""

    def __init__(
        self, url: str, token: str, seeded: random.Random, findings: Findings, goes_on: Callable[[], bool]
    ) -> None:
        self._place = urlsplit(url)
        self._handshake = _HANDSHAKE.format(token=token).encode()
        self._random = seeded
        self._findings = findings
        self._goes_on = goes_on

    async def run(self) -> None:
        """Connect again and again."""
        while self._goes_on():
            names = self._random.choices(list(PIECES), k=self._random.randint(1, 5))
            self._findings.sent["frames in some order"] += 1
            try:
                async with asyncio.timeout(_ANSWER_S):
                    await self._connection(names)
            except OSError:
                pass  # the server hung up while something was still to be sent
            except TimeoutError:
                self._findings.fault("frames", f"still open after {_ANSWER_S:g} s: {names}")

    async def _connection(self, names: list[str]) -> None:
        reader, writer = await asyncio.open_connection(self._place.hostname, self._place.port)
        try:
            writer.write(self._handshake)
            if self._random.random() < 0.7:
                await reader.readuntil(b"\r\n\r\n")
            data = b"".join(PIECES[name] for name in names)
            cut = self._random.randrange(len(data) + 1) if self._random.random() < 0.5 else len(data)
            writer.write(data[:cut])
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(data[cut:])
            writer.write_eof()
            with contextlib.suppress(asyncio.IncompleteReadError):
                await reader.read()
        finally:
            writer.transport.abort()
