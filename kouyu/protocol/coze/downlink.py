"""What the server sends on ``/v1/chat``: the event types of downlink.md 1 and their data objects."""

from typing import Literal, Protocol

import msgspec

from kouyu.domain.chats import Chat
from kouyu.domain.messages import Message
from kouyu.domain.transcripts import Transcript

DownlinkType = Literal[
    "chat.created",
    "chat.updated",
    "conversation.chat.created",
    "conversation.chat.in_progress",
    "conversation.message.delta",
    "conversation.message.completed",
    "conversation.audio.sentence_start",
    "conversation.audio.delta",
    "conversation.audio.completed",
    "conversation.chat.completed",
    "conversation.chat.failed",
    "conversation.chat.canceled",
    "conversation.chat.requires_action",
    "input_audio_buffer.completed",
    "input_audio_buffer.cleared",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "conversation.audio_transcript.update",
    "conversation.audio_transcript.completed",
    "conversation.cleared",
    "error",
]


class Sentence(msgspec.Struct, frozen=True):
    """The text whose audio follows."""

    text: str


class Cancellation(msgspec.Struct, frozen=True):
    """Why output was interrupted (downlink.md 4): 1 the user spoke, 2 the client asked, 3 content was submitted."""

    code: Literal[1, 2, 3]
    msg: str


class ErrorData(msgspec.Struct, frozen=True, kw_only=True):
    """An error. The text is sent twice because coze-go reads ``message`` and all others ``msg`` (websocket.md 2.1)."""

    code: int
    msg: str
    message: str


class DownlinkEvent(msgspec.Struct, frozen=True):
    """One event without its envelope. ``data`` is None for event types without data.

    ``data`` is a raw JSON object for ``chat.updated`` alone, where it is the whole configuration in force.
    ``origin_message`` is the uplink text that caused an error and goes into ``detail``.
    """

    event_type: DownlinkType
    data: Chat | Message | Sentence | Transcript | Cancellation | ErrorData | msgspec.Raw | None = None
    origin_message: str | None = None


class SentEvent(Protocol):
    """An event of any endpoint, without its envelope."""

    @property
    def event_type(self) -> str:
        """The event type of the protocol."""
        ...

    @property
    def data(self) -> msgspec.Struct | msgspec.Raw | None:
        """The data object; None for event types without data."""
        ...

    @property
    def origin_message(self) -> str | None:
        """The uplink text that caused an error."""
        ...


class _Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    logid: str
    respond_at: str
    origin_message: str | None = None


class _Envelope(msgspec.Struct, frozen=True, omit_defaults=True):
    event_type: str
    id: str
    data: object = None
    detail: _Detail | None = None


_encoder = msgspec.json.Encoder()


def encode(event: SentEvent, *, event_id: str, log_id: str, unix_ms: int) -> str:
    """Encode the event as the JSON text of one WebSocket message, in the key order of the recorded sessions."""
    detail = _Detail(log_id, str(unix_ms), event.origin_message)
    return _encoder.encode(_Envelope(event.event_type, event_id, event.data, detail)).decode()


def error(code: int, msg: str, origin_message: str | None = None) -> DownlinkEvent:
    """Make an ``error`` event. Every JS client hangs up on it, so send it only if nothing of an event could be used."""
    return DownlinkEvent("error", ErrorData(code=code, msg=msg, message=msg), origin_message)
