"""One WebSocket of a client to a player: reads its messages, sends the recorded ones when they are due."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from typing import Any, Final

import h11
from websockets.datastructures import Headers
from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import OP_CLOSE, Frame
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from kouyu.cassettes.differences import Difference
from kouyu.cassettes.events import event_type_of, without_audio
from kouyu.cassettes.format import Close, Opening
from kouyu.cassettes.frames import Messages
from kouyu.cassettes.http_events import READ_BYTES
from kouyu.cassettes.playback import Playback, begin
from kouyu.cassettes.selection import readable_query
from kouyu.domain import ids
from kouyu.domain.errors import BAD_REQUEST
from kouyu.player.played_cassette import PlayedCassette
from kouyu.protocol.coze.downlink import encode, error

_LARGEST_MESSAGE: Final = 64 * 1024 * 1024
_NO_CLOSE_FRAME: Final = 1006
_NO_CODE: Final = 1005
_POLICY: Final = 1008
_LAST_WORDS_S: Final = 1.0
"""Time in seconds for the client to answer a close frame."""


async def serve_socket(
    played: PlayedCassette,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: h11.Request,
    read_ahead: bytes,
) -> None:
    """Open the WebSocket that ``request`` asks for, and play on it until it ends. Raises OSError."""
    path, _, query = request.target.decode("latin-1").partition("?")
    client = object()
    found = played.recordings.for_client(client, path, readable_query(query))
    opening = Opening(path=path) if isinstance(found, Difference) else found[0][0].connection.opening
    protocol = _handshake(request, opening)
    for piece in protocol.data_to_send():
        writer.write(piece)
    if protocol.state is not OPEN:
        await writer.drain()
        return
    connection = _Connection(played, reader, writer, protocol)
    if isinstance(found, Difference):
        connection.refuse(found)
        await connection.drain()
        return
    playback = begin(
        found,
        asyncio.get_running_loop().time(),
        fast=played.fast,
        take_script=lambda script: played.recordings.take(client, script),
        carried=played.answers.carried,
        rest_ids=played.answers.rest_ids,
    )
    protocol.receive_data(read_ahead)
    played.open_connections += 1
    try:
        await connection.play(playback)
    finally:
        played.open_connections -= 1
        played.changed.set()


def _handshake(request: h11.Request, opening: Opening) -> ServerProtocol:
    def choose(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        if opening.subprotocol is None:
            return None
        if opening.subprotocol < len(offered):
            return offered[opening.subprotocol]
        raise NegotiationError("the recorded client offered more subprotocols")

    protocol = ServerProtocol(
        extensions=[ServerPerMessageDeflateFactory()] if opening.compressed else None,
        select_subprotocol=choose,
        max_size=_LARGEST_MESSAGE,
    )
    headers = Headers(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in request.headers.raw_items()
        if (name.lower(), value) != (b"content-length", b"0")  # java.net.http sends it; websockets refuses it
    )
    protocol.receive_data(Request(request.target.decode("latin-1"), headers).serialize())
    for read in protocol.events_received():
        if isinstance(read, Request):
            response = protocol.accept(read)
            for name, value in opening.answer_headers.items():
                response.headers[name] = value
            protocol.send_response(response)
    return protocol


class _Connection:
    """An open WebSocket."""

    def __init__(
        self,
        played: PlayedCassette,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        protocol: ServerProtocol,
    ) -> None:
        self._played = played
        self._reader = reader
        self._writer = writer
        self._protocol = protocol
        self._messages = Messages()
        self._changed = asyncio.Event()
        self._clock = asyncio.get_running_loop().time

    async def play(self, playback: Playback) -> None:
        """Play until the connection ends."""
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send_due(playback))
            code = await self._read(playback)
            sending.cancel()
        reported = playback.difference is not None
        playback.client_closed(code)
        if playback.difference is not None and not reported:
            self._played.differs(playback.difference)
        await self.drain()

    def refuse(self, difference: Difference) -> None:
        """Report a difference, tell the client with an ``error`` event, and close."""
        self._played.differs(difference)
        if self._protocol.state is not OPEN:
            return
        said = error(BAD_REQUEST, f"the client does something else than the recorded one: {difference}")
        self._send(encode(said, event_id=ids.new_event_id(), log_id=ids.new_log_id(), unix_ms=0))
        self._protocol.send_close(_POLICY, "the client does something else than the recorded one")
        self._flush()

    async def drain(self) -> None:
        """Wait until the client has answered a close frame, or left."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._writer.drain()
                while self._protocol.close_rcvd is None and (data := await self._reader.read(READ_BYTES)):
                    self._protocol.receive_data(data)

    async def _send_due(self, playback: Playback) -> None:
        while True:
            while (what := playback.take(self._clock())) is not None:
                if isinstance(what, Close):
                    self._close(what)
                else:
                    self._send(what)
                await self._writer.drain()
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(playback.due_at()):
                    await self._changed.wait()

    async def _read(self, playback: Playback) -> int:
        """Read until the connection ends; returns the code of the client's close frame."""
        while True:
            for frame in self._protocol.events_received():
                assert isinstance(frame, Frame)
                if frame.opcode is not OP_CLOSE and (message := self._messages.feed(frame)) is not None:
                    self._receive(playback, message)
            self._flush()
            if self._protocol.close_rcvd is not None:
                return self._protocol.close_rcvd.code
            if self._protocol.state is not OPEN:  # the player's own close frame, or a fault in the client's frames
                return _NO_CLOSE_FRAME
            data = await self._reader.read(READ_BYTES)
            if not data:
                return _NO_CLOSE_FRAME
            self._protocol.receive_data(data)

    def _receive(self, playback: Playback, message: str | bytes) -> None:
        value, amount = value_and_audio(message)
        reported = playback.difference is not None
        for answer in playback.receive(value, amount, self._clock()):
            self._send(answer)
        if playback.difference is not None and not reported:
            self.refuse(playback.difference)
        self._changed.set()

    def _send(self, message: str | bytes) -> None:
        if self._protocol.state is not OPEN:
            return
        if isinstance(message, str):
            self._protocol.send_text(message.encode(errors="replace"))
        else:
            self._protocol.send_binary(message)
        self._flush()

    def _close(self, close: Close) -> None:
        if self._protocol.state is not OPEN:
            return
        if close.code == _NO_CLOSE_FRAME:
            self._writer.transport.abort()
            return
        self._protocol.send_close(None if close.code == _NO_CODE else close.code, close.reason)
        self._flush()

    def _flush(self) -> None:
        for piece in self._protocol.data_to_send():
            if piece:
                self._writer.write(piece)


def value_and_audio(message: str | bytes) -> tuple[Any, int | None]:
    """The JSON value of a message, and the amount of audio if it appends some (bytes)."""
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        value = message
    if isinstance(value, bytes) or (isinstance(message, bytes) and not isinstance(value, dict)):
        return {"binary message of bytes": len(message)}, None
    if isinstance(value, dict) and event_type_of(value) == "input_audio_buffer.append":
        _, audio = without_audio(value)
        return value, None if audio is None else len(audio)
    return value, None
