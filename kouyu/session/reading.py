"""Reads what the client of one session sends, and passes it to the parts that take it in."""

from collections.abc import Callable
from contextvars import Context, copy_context

import msgspec

from kouyu.conversation.inputs import ClientFault, Input
from kouyu.domain.errors import ProtocolError
from kouyu.protocol.coze.uplink import (
    ChatUpdate,
    ConversationMessageCreate,
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferComplete,
    SubmitToolOutputs,
    UnknownEvent,
    UplinkEvent,
    parse,
)
from kouyu.protocol.coze.uplink_envelope import frame_of_audio, origin_message
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
        user_audio: UserAudio,
        references: References,
        recorder: Recorder,
        redialing: Redialing,
        receive: Callable[[Input], None],
        configured: Callable[[], None],
    ) -> None:
        """``receive`` passes an input to the conversation. ``configured`` is called after a configuration was."""
        self._socket = socket
        self._user_audio = user_audio
        self._references = references
        self._recorder = recorder
        self._redialing = redialing
        self._receive = receive
        self._configured = configured
        self._context: Context | None = None
        self._has_begun = False
        """Whether the client's first event was taken in, which may resume a lost connection."""

    async def run(self) -> None:
        """Read until the connection is over."""
        self._context = copy_context()
        while (message := await self._socket.receive(self._take_frame)) is not None:
            self._redialing.heard_from()
            self._user_audio.catch_up()
            try:
                event = parse(message)
                if not self._has_begun and not isinstance(event, UnknownEvent):
                    self._has_begun = True
                    if not isinstance(event, ChatUpdate):
                        await self._resume()
                await self._take(event, message)
            except ProtocolError as fault:
                self._receive(ClientFault(fault, origin_message(message)))

    def _take_frame(self, message: str | bytes) -> bool:
        """Take in a frame of audio that needs no waiting; leave everything else. Not called by this task."""
        if not self._has_begun or self._context is None:
            return False
        delta = frame_of_audio(message)
        if delta is None or not self._context.run(self._user_audio.take, delta):
            return False
        self._redialing.heard_from()
        return True

    async def _take(self, event: UplinkEvent, message: str | bytes) -> None:
        match event:
            case InputAudioBufferAppend(delta=delta):
                await self._user_audio.hear(delta)
            case ChatUpdate(data=data):
                await self._configure(data, origin_message(message))
            case InputAudioBufferComplete() | InputAudioBufferClear():
                self._user_audio.complete()
                self._receive(event)
            case SubmitToolOutputs():
                self._receive(msgspec.structs.replace(event, origin_message=origin_message(message)))
            case _:
                self._receive(event)
                if isinstance(event, ConversationMessageCreate) and event.content_type == "object_string":
                    for unknown in await self._references.unknown_files(event.content):
                        self._receive(unknown)
                await self._recorder.room()

    async def _configure(self, data: dict[str, object], origin: str) -> None:
        """Handle a ``chat.update``: parse it, look up what it refers to, then apply it."""
        self._receive(await self._references.of_update(data, origin))
        for unknown in await self._references.unknown_group():
            self._receive(unknown)
        self._configured()

    async def _resume(self) -> None:
        """Resume the client's lost connection, if there is one: its first event is not a ``chat.update``."""
        state = await self._redialing.taken_over()
        if state is not None:
            self._receive(await self._references.of_lost_connection(state))
            self._configured()
