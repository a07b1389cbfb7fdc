"""What the server sends: one struct for each event of OpenAI's Realtime protocol that applies here, but for those
of responses (``response_events.py``).

Not sent: ``output_audio_buffer.*`` and ``input_audio_buffer.dtmf_event_received`` (of WebRTC and SIP calls alone),
``mcp_list_tools.*`` and ``response.mcp_call*`` (tools on MCP servers are those of the bot), ``…transcription.segment``
(speakers told apart), and ``conversation.item.created``, which ``conversation.item.added`` replaces outside the beta.
"""

from typing import Any, Literal

import msgspec

from kouyu.protocol.openai.faults import ErrorDetail
from kouyu.protocol.openai.items import Item


class ServerEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """An event without its ``event_id``. Fields that do not apply are UNSET, and left out; None is sent as null."""


class SessionCreated(ServerEvent, frozen=True, kw_only=True, tag="session.created"):
    """The connection is ready."""

    session: dict[str, Any]


class SessionUpdated(ServerEvent, frozen=True, kw_only=True, tag="session.updated"):
    """A ``session.update`` was applied: the whole session in force."""

    session: dict[str, Any]


class ConversationObject(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation of a session."""

    id: str
    object: Literal["realtime.conversation"] = "realtime.conversation"


class ConversationCreated(ServerEvent, frozen=True, kw_only=True, tag="conversation.created"):
    """The session's conversation began."""

    conversation: ConversationObject


class ErrorEvent(ServerEvent, frozen=True, kw_only=True, tag="error"):
    """Something could not be carried out; the session continues."""

    error: ErrorDetail


class RateLimitsUpdated(ServerEvent, frozen=True, kw_only=True, tag="rate_limits.updated"):
    """The limits of requests and tokens: this server has none."""

    rate_limits: tuple[()] = ()


# Items


class ItemAdded(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.added"):
    """An item joined the conversation, behind ``previous_item_id``; None: it is the first."""

    previous_item_id: str | None
    item: Item


class ItemDone(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.done"):
    """An item is final."""

    previous_item_id: str | None
    item: Item


class ItemRetrieved(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.retrieved"):
    """Answers ``conversation.item.retrieve``. Audio is not in it."""

    item: Item


class ItemTruncated(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.truncated"):
    """Answers ``conversation.item.truncate``."""

    item_id: str
    content_index: int
    audio_end_ms: int


class ItemDeleted(ServerEvent, frozen=True, kw_only=True, tag="conversation.item.deleted"):
    """Answers ``conversation.item.delete``."""

    item_id: str


class DurationUsage(msgspec.Struct, frozen=True, kw_only=True):
    """The length of the audio that was recognised."""

    type: Literal["duration"] = "duration"
    seconds: float


class TranscriptionDelta(
    ServerEvent, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.delta"
):
    """The transcript of what the user said, in one piece: interim ones may take back words, which a delta cannot."""

    item_id: str
    content_index: int = 0
    delta: str


class TranscriptionCompleted(
    ServerEvent, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.completed"
):
    """The transcript of what the user said, which may be empty."""

    item_id: str
    content_index: int = 0
    transcript: str
    usage: DurationUsage


class TranscriptionError(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no transcript."""

    type: Literal["transcription_error"] = "transcription_error"
    code: Literal["transcription_failed"] = "transcription_failed"
    message: str


class TranscriptionFailed(
    ServerEvent, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.failed"
):
    """What the user said was not recognised."""

    item_id: str
    content_index: int = 0
    error: TranscriptionError


# The user's audio


class BufferCommitted(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.committed"):
    """The audio became an item, behind ``previous_item_id``."""

    previous_item_id: str | None
    item_id: str


class BufferCleared(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.cleared"):
    """Answers ``input_audio_buffer.clear``."""


class SpeechStarted(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.speech_started"):
    """The user speaks; the position counts from the first audio of the connection."""

    audio_start_ms: int
    item_id: str


class SpeechStopped(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.speech_stopped"):
    """The user has finished."""

    audio_end_ms: int
    item_id: str


class TimeoutTriggered(ServerEvent, frozen=True, kw_only=True, tag="input_audio_buffer.timeout_triggered"):
    """Nobody has spoken for ``idle_timeout_ms``."""

    audio_start_ms: int
    audio_end_ms: int
    item_id: str


_encoder = msgspec.json.Encoder()


def encode(event: ServerEvent, event_id: str) -> str:
    """The JSON text of one WebSocket message. ``event_id`` needs no escaping."""
    return f'{{"event_id":"{event_id}",{_encoder.encode(event).decode()[1:]}'


def error(detail: ErrorDetail) -> ErrorEvent:
    """An ``error`` event. Some clients take in nothing after one, so send it sparingly."""
    return ErrorEvent(error=detail)
