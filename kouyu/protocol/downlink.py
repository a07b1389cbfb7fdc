"""What the server sends on ``/v1/chat``: the event types of downlink.md 1 and their data objects."""

from typing import Final, Literal, Protocol

import msgspec

from kouyu.protocol.user_voice import Gender, UserEmotion
from kouyu.protocol.voice_print import VoicePrint

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

ChatStatus = Literal["created", "in_progress", "completed", "failed", "requires_action", "canceled"]
Role = Literal["user", "assistant"]
MessageType = Literal["question", "answer", "function_call", "tool_output", "tool_response", "follow_up", "verbose", ""]
TOOL_TYPES: Final[tuple[MessageType, ...]] = ("function_call", "tool_response", "tool_output")
"""Types of messages about tools: the call, and its output under either name."""
ContentType = Literal["text", "object_string", "card", "audio"]


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one chat; ``token_count`` is the sum of the other two."""

    token_count: int = 0
    output_count: int = 0
    input_count: int = 0


class LastError(msgspec.Struct, frozen=True):
    """Why a chat failed; code 0 means no error."""

    code: int
    msg: str


class Function(msgspec.Struct, frozen=True):
    """A function that the model requests to call; ``arguments`` is JSON text."""

    name: str
    arguments: str


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """One tool call that the client must answer with ``submit_tool_outputs``."""

    id: str
    type: Literal["function"] = "function"
    function: Function


class SubmitToolOutputs(msgspec.Struct, frozen=True):
    """The tool calls that a chat waits for."""

    tool_calls: tuple[ToolCall, ...]


class RequiredAction(msgspec.Struct, frozen=True, kw_only=True):
    """What the client must do before the chat goes on (downlink.md 5)."""

    type: Literal["submit_tool_outputs"] = "submit_tool_outputs"
    submit_tool_outputs: SubmitToolOutputs


class Chat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One turn of the conversation (downlink.md 2.1). Times are Unix seconds; fields left unset are not sent."""

    id: str
    conversation_id: str
    bot_id: str
    created_at: int
    completed_at: int | msgspec.UnsetType = msgspec.UNSET
    failed_at: int | msgspec.UnsetType = msgspec.UNSET
    meta_data: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    last_error: LastError | msgspec.UnsetType = msgspec.UNSET
    status: ChatStatus
    required_action: RequiredAction | msgspec.UnsetType = msgspec.UNSET
    usage: Usage = Usage()
    section_id: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message or a piece of one (downlink.md 2.2). ``content`` is text, JSON text, or base64 audio."""

    id: str
    conversation_id: str
    bot_id: str
    role: Role
    type: MessageType
    content: str
    content_type: ContentType
    chat_id: str
    section_id: str
    meta_data: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET


class Sentence(msgspec.Struct, frozen=True):
    """The text whose audio follows."""

    text: str


class Transcript(msgspec.Struct, frozen=True, omit_defaults=True):
    """The transcript so far, always the whole text; the final one also has the speaker, gender and emotion, if they are
    requested and known."""

    content: str
    voice_print: VoicePrint | None = None
    gender: Gender | None = None
    emotion: UserEmotion | None = None


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
