"""Reads what the client of one session sends, and passes it to the parts that take it in."""

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any

from kouyu.conversation.inputs import ClientFault, Input
from kouyu.domain.errors import ProtocolError
from kouyu.domain.requests import ClearBuffer, CompleteBuffer, UnknownRequest, WriteMessage
from kouyu.protocol.wire import Answered, Audio, Read, Reconfigure, Refused, Wire
from kouyu.serving.recorder import Recorder
from kouyu.serving.socket import Socket
from kouyu.session.redialing import Redialing
from kouyu.session.references import References
from kouyu.session.user_audio import UserAudio


class Reading:
    """The reading side of a session.

    A frame of audio is taken in as it arrives, without this task being woken; it waits for all other messages.
    """

    def __init__(
        self,
        socket: Socket,
        *,
        wire: Wire[Any],
        user_audio: UserAudio,
        references: References,
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
        self._recorder = recorder
        self._redialing = redialing
        self._receive = receive
        self._answer = answer
        self._configured = configured
        self._context: Context | None = None
        self._has_begun = False
        """Whether the client's first request was taken in, which may resume a lost connection."""

    async def run(self) -> None:
        """Read until the connection is over."""
        self._context = copy_context()
        if (opening := self._wire.opening()) is not None:
            await self._configure(opening)
        while (message := await self._socket.receive(self._take_frame)) is not None:
            self._redialing.heard_from()
            self._user_audio.catch_up()
            for read in self._wire.read(message):
                if not self._has_begun and not isinstance(read, Refused | UnknownRequest):
                    self._has_begun = True
                    if not isinstance(read, Reconfigure):
                        await self._resume()
                await self._take(read, message)

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
