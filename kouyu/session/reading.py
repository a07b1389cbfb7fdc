"""Reads what the client of one session sends, and passes it to the parts that take it in."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, Final

import msgspec

from kouyu.conversation.inputs import ClientFault, Input
from kouyu.domain.client_json import LARGEST_MESSAGE
from kouyu.domain.errors import ProtocolError
from kouyu.domain.requests import ClearBuffer, CompleteBuffer, UnknownRequest, WriteMessage
from kouyu.protocol.wire import Answered, Audio, Prepare, Read, Reconfigure, Refused, Wire
from kouyu.serving.recorder import Recorder
from kouyu.serving.socket import Socket
from kouyu.session.media_preparation import MediaPreparation, PreparedMedia
from kouyu.session.redialing import Redialing
from kouyu.session.references import References
from kouyu.session.user_audio import UserAudio

MOST_HELD: Final = 32
MOST_HELD_CHARACTERS: Final = LARGEST_MESSAGE
"""Messages that wait in memory while media are prepared, and their characters. Beyond that they wait in the socket,
audio too."""


class _Held(msgspec.Struct, frozen=True):
    """A message that waits; None: the connection was over."""

    message: str | bytes | None
    lets_audio_pass: bool


class Reading:
    """The reading side of a session.

    A frame of audio is taken in as it arrives, without this task being woken; it waits for all other messages. While
    media of a message are prepared, the messages behind it wait, and audio goes on as long as none of them is about
    it."""

    def __init__(
        self,
        socket: Socket,
        *,
        wire: Wire[Any],
        user_audio: UserAudio,
        references: References,
        media: MediaPreparation,
        recorder: Recorder,
        redialing: Redialing,
        receive: Callable[[Input], None],
        answer: Callable[[object], None],
        configured: Callable[[], None],
    ) -> None:
        """``receive`` passes inputs to the conversation, ``answer`` to the client what the protocol answers by itself.
        ``configured`` is called after a configuration was received."""
        self._socket = socket
        self._wire = wire
        self._frame_of_audio = wire.frame_of_audio
        self._user_audio = user_audio
        self._references = references
        self._media = media
        self._recorder = recorder
        self._redialing = redialing
        self._receive = receive
        self._answer = answer
        self._configured = configured
        self._context: Context | None = None
        self._has_begun = False
        """Whether the client's first request was taken in, which may resume a lost connection."""
        self._held: deque[_Held] = deque()
        """Messages that have come while media were prepared."""
        self._receiving: asyncio.Task[str | bytes | None] | None = None
        """Waits for a message, from before the preparation has ended."""

    async def run(self) -> None:
        """Read until the connection is over."""
        try:
            await self._read_all()
        finally:
            if self._receiving is not None:
                await _ended(self._receiving)

    async def _read_all(self) -> None:
        self._context = copy_context()
        if (opening := self._wire.opening()) is not None:
            await self._configure(opening)
        while (message := await self._next()) is not None:
            self._redialing.heard_from()
            self._user_audio.catch_up()
            for read in self._wire.read(message):
                if not self._has_begun and not isinstance(read, Refused | UnknownRequest):
                    self._has_begun = True
                    if not isinstance(read, Reconfigure):
                        await self._resume()
                await self._take(read, message)

    async def _next(self) -> str | bytes | None:
        if self._held:
            return self._held.popleft().message
        if self._receiving is not None:
            receiving, self._receiving = self._receiving, None
            return await receiving
        return await self._socket.receive(self._take_frame)

    def _take_frame(self, message: str | bytes) -> bool:
        """Take in a frame of audio that needs no waiting; leave everything else. Not called by this task."""
        if not self._has_begun or self._context is None:
            return False
        delta = self._frame_of_audio(message)
        if delta is None or not self._context.run(self._user_audio.take, delta):
            return False
        self._redialing.heard_from()
        return True

    async def _take(self, read: Read, message: str | bytes) -> None:
        match read:
            case Audio(data):
                try:
                    await self._user_audio.hear(data)
                except ProtocolError as fault:
                    self._receive(ClientFault(fault, self._wire.origin_of(message)))
            case Reconfigure():
                await self._configure(read)
            case Refused(fault, origin):
                self._receive(ClientFault(fault, origin))
            case Prepare():
                await self._prepare(read, message)
            case Answered(told):
                for one in told:
                    self._answer(one)
            case CompleteBuffer() | ClearBuffer():
                self._user_audio.complete()
                self._receive(read)
            case _:
                self._receive(read)
                if isinstance(read, WriteMessage) and read.content_type == "object_string":
                    for unknown in await self._references.unknown_files(read.content):
                        self._receive(unknown)
                await self._recorder.room()

    async def _prepare(self, wanted: Prepare, message: str | bytes) -> None:
        """Have media prepared, then carry out the message that they are in, unless it is refused or the client has
        gone."""
        preparing = asyncio.create_task(self._media.prepared(wanted.media), name="prepare media")
        try:
            await self._hold_messages_until(preparing)
            if not preparing.done():
                return
            prepared = preparing.result()
        except ProtocolError as fault:
            self._receive(ClientFault(fault, wanted.origin))
            return
        finally:
            await _ended(preparing)
        self._user_audio.catch_up()
        for read in wanted.then(prepared.results):
            if isinstance(read, WriteMessage):
                self._media.keep(read.content, prepared)
            await self._take(read, message)

    async def _hold_messages_until(self, preparing: "asyncio.Task[PreparedMedia]") -> None:
        """Hold the messages that come until ``preparing`` is done, or the client has gone."""
        while not preparing.done():
            if not self._may_hold_another:
                await asyncio.wait([preparing])
                return
            if self._receiving is None:
                self._receiving = asyncio.create_task(self._socket.receive(self._take_frame), name="receive")
            await asyncio.wait([preparing, self._receiving], return_when=asyncio.FIRST_COMPLETED)
            if self._receiving.done():
                received, self._receiving = self._receiving.result(), None
                lets_audio_pass = received is not None and self._wire.is_apart_from_audio(received)
                self._held.append(_Held(received, lets_audio_pass))
                if received is None:
                    return

    @property
    def _may_hold_another(self) -> bool:
        characters = sum(len(held.message or "") for held in self._held)
        has_room = len(self._held) < MOST_HELD and characters < MOST_HELD_CHARACTERS
        return has_room and all(held.lets_audio_pass for held in self._held)

    async def _configure(self, update: Reconfigure) -> None:
        """Look up what a requested configuration refers to, then apply it."""
        self._receive(await self._references.of_update(update))
        for unknown in await self._references.unknown_group():
            self._receive(unknown)
        self._configured()

    async def _resume(self) -> None:
        """Resume the client's lost connection, if there is one: its first request is not for a configuration."""
        state = await self._redialing.taken_over()
        if state is not None:
            self._receive(await self._references.of_lost_connection(state))
            self._configured()


async def _ended(task: "asyncio.Task[Any]") -> None:
    """Cancel a task, and wait for its end."""
    task.cancel()
    with suppress(asyncio.CancelledError, ProtocolError):
        await task
