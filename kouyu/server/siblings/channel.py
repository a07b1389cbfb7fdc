"""Messages between the parent process and a worker, over a pair of sockets: told, or asked and answered."""

import asyncio
import itertools
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Literal

import msgspec

log = logging.getLogger(__name__)

ANSWER_S: Final = 5.0
"""How long an answer is waited for."""
_LENGTH_BYTES: Final = 4
_MOST_WAITING: Final = 16 * 1024 * 1024
"""Bytes that wait for a process that does not read; beyond that the channel is closed."""


class ChannelClosed(Exception):
    """The other process has ended, or does not answer."""


class _Message(msgspec.Struct, frozen=True, array_like=True):
    kind: Literal["tell", "ask", "answer", "failed"]
    number: int
    what: str
    body: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Message)

Told = Callable[[str, bytes], None]
Asked = Callable[[str, bytes], Awaitable[bytes]]


class Channel:
    """One end. Call ``open`` first; ``run`` reads until the other process ends."""

    def __init__(self, told: Told, asked: Asked) -> None:
        """``told`` takes what the other end tells, in order; ``asked`` returns the answer to what it asks."""
        self._told = told
        self._asked = asked
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def open(self, end: socket.socket) -> None:
        """Open the channel over one of a pair of sockets, which ``run`` closes."""
        self._reader, self._writer = await asyncio.open_connection(sock=end)

    async def run(self) -> None:
        """Read until the other process closes its end, or has ended."""
        reader, writer = self._reader, self._writer
        assert reader is not None
        assert writer is not None
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES))
                self._take(_decoder.decode(await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._writer = None
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ChannelClosed("the other process has ended"))
            for task in self._answering:
                task.cancel()
            await asyncio.gather(*self._answering, return_exceptions=True)
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    def tell(self, what: str, body: bytes = b"") -> None:
        """Send without an answer. Does nothing once the other process has ended."""
        self._send(_Message("tell", 0, what, body))

    async def ask(self, what: str, body: bytes = b"", *, timeout_s: float = ANSWER_S) -> bytes:
        """Return the answer. Raises ChannelClosed if none comes."""
        if self._writer is None:
            raise ChannelClosed("the other process has ended")
        number = next(self._numbers)
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        try:
            self._send(_Message("ask", number, what, body))
            async with asyncio.timeout(timeout_s):
                answered: bytes = await answer
                return answered
        except TimeoutError:
            raise ChannelClosed(f"the other process has not answered within {timeout_s:g} s") from None
        finally:
            del self._waiting[number]

    def _take(self, message: _Message) -> None:
        match message.kind:
            case "tell":
                self._told(message.what, message.body)
            case "ask":
                task = asyncio.create_task(self._answer(message), name=f"answer {message.what}")
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            case "answer" | "failed":
                waiting = self._waiting.get(message.number)
                if waiting is None or waiting.done():
                    return
                if message.kind == "answer":
                    waiting.set_result(message.body)
                else:
                    waiting.set_exception(ChannelClosed("the other process could not answer"))

    async def _answer(self, message: _Message) -> None:
        try:
            self._send(_Message("answer", message.number, message.what, await self._asked(message.what, message.body)))
        except Exception:  # the boundary between processes: who asks is told, and this one goes on
            log.exception("%s could not be answered to another process", message.what)
            self._send(_Message("failed", message.number, message.what, b""))

    def _send(self, message: _Message) -> None:
        if self._writer is None or self._writer.transport.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > _MOST_WAITING:
            log.error("another process of this server does not read what it is told")
            self._writer.transport.abort()
            return
        frame = _encoder.encode(message)
        self._writer.write(len(frame).to_bytes(_LENGTH_BYTES) + frame)
