"""What a client sends on ``/v1/chat``: one struct per event of uplink.md."""

from typing import Any, Final, Literal

import msgspec

from kouyu.domain.content import check_content
from kouyu.domain.object_ranges import Objects
from kouyu.domain.ranges import required
from kouyu.domain.text_ranges import Choice, Text, TextInBytes
from kouyu.domain.tool_calls import ToolOutput
from kouyu.protocol.coze.uplink_envelope import appended_audio, as_object, audio_delta, decode_event, required_text

MOST_TOOL_OUTPUTS: Final = 64
LONGEST_TOOL_OUTPUT: Final = 65_536
"""Characters."""


class ChatUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Sets the configuration; ``data`` is unchecked input of ``merge.merge``."""

    id: str | None = None
    data: dict[str, Any]


class InputAudioBufferAppend(msgspec.Struct, frozen=True, kw_only=True):
    """A frame of the user's audio, decoded from base64, in the format of ``input_audio``."""

    id: str | None = None
    delta: bytes


class InputAudioBufferComplete(msgspec.Struct, frozen=True, kw_only=True):
    """Push to talk: the user has finished."""

    id: str | None = None


class InputAudioBufferClear(msgspec.Struct, frozen=True, kw_only=True):
    """Discard the buffered audio."""

    id: str | None = None


class ConversationMessageCreate(msgspec.Struct, frozen=True, kw_only=True):
    """A typed message. ``content`` is the text, or for ``object_string`` JSON that ``content.parse_parts`` reads."""

    id: str | None = None
    role: Literal["user", "assistant"]
    content_type: Literal["text", "object_string"]
    content: str


class ConversationClear(msgspec.Struct, frozen=True, kw_only=True):
    """Start a new section."""

    id: str | None = None


class SubmitToolOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """Tool outputs for the chat that waits for them."""

    id: str | None = None
    chat_id: str
    tool_outputs: tuple[ToolOutput, ...]


class ConversationChatCancel(msgspec.Struct, frozen=True, kw_only=True):
    """Stop the running chat and its audio."""

    id: str | None = None


class InputTextGenerateAudio(msgspec.Struct, frozen=True, kw_only=True):
    """Speak ``text``, 1 to 1024 bytes of UTF-8, without asking the agent."""

    id: str | None = None
    mode: Literal["text"]
    text: str


class UnknownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of unknown type: it is logged and gets no answer."""

    id: str | None = None
    event_type: str


_ID: Final = Text()
_ROLE: Final = Choice(("user", "assistant"))
_CONTENT_TYPE: Final = Choice(("text", "object_string"))
_MODE: Final = Choice(("text",))
_TEXT_TO_SPEAK: Final = TextInBytes(1, 1024)
_TOOL_OUTPUTS: Final = Objects(
    ToolOutput, (("tool_call_id", _ID), ("output", Text(LONGEST_TOOL_OUTPUT))), most=MOST_TOOL_OUTPUTS
)

KNOWN_EVENTS: Final = (
    "chat.update",
    "input_audio_buffer.append",
    "input_audio_buffer.complete",
    "input_audio_buffer.clear",
    "conversation.message.create",
    "conversation.clear",
    "conversation.chat.submit_tool_outputs",
    "conversation.chat.cancel",
    "input_text.generate_audio",
)

UplinkRequest = (
    InputAudioBufferComplete
    | InputAudioBufferClear
    | ConversationMessageCreate
    | ConversationClear
    | SubmitToolOutputs
    | ConversationChatCancel
    | InputTextGenerateAudio
    | UnknownEvent
)
"""The events that are requests to the conversation."""

UplinkEvent = ChatUpdate | InputAudioBufferAppend | UplinkRequest


def parse(text: str | bytes) -> UplinkEvent:
    """Parse the event of one WebSocket message.

    Raises ProtocolError for a message that is not an event, and InvalidField for a field that is missing, of the wrong
    type or outside its range. The error's message quotes the field's value, so send it to the client but do not log it.
    """
    if (append := appended_audio(text)) is not None:
        return InputAudioBufferAppend(id=append.id, delta=append.delta)
    event = decode_event(text)
    return _read(event.event_type, event.id, event.data)


def _read(event_type: str, event_id: str | None, data: Any) -> UplinkEvent:
    match event_type:
        case "chat.update":
            return ChatUpdate(id=event_id, data=as_object(data))
        case "input_audio_buffer.append":
            return InputAudioBufferAppend(id=event_id, delta=audio_delta(as_object(data)))
        case "input_audio_buffer.complete":
            return InputAudioBufferComplete(id=event_id)
        case "input_audio_buffer.clear":
            return InputAudioBufferClear(id=event_id)
        case "conversation.message.create":
            return _message(event_id, as_object(data))
        case "conversation.clear":
            return ConversationClear(id=event_id)
        case "conversation.chat.submit_tool_outputs":
            return _tool_outputs(event_id, as_object(data))
        case "conversation.chat.cancel":
            return ConversationChatCancel(id=event_id)
        case "input_text.generate_audio":
            return _text_to_speak(event_id, as_object(data))
        case _:
            return UnknownEvent(id=event_id, event_type=event_type)


def _message(event_id: str | None, data: dict[str, Any]) -> ConversationMessageCreate:
    role = required(data, "role", "data", _ROLE)
    content_type = required(data, "content_type", "data", _CONTENT_TYPE)
    content = required_text(data, "content", "data")
    check_content(content, content_type, "data.content", may_be_empty=False)
    return ConversationMessageCreate(id=event_id, role=role, content_type=content_type, content=content)


def _tool_outputs(event_id: str | None, data: dict[str, Any]) -> SubmitToolOutputs:
    chat_id = required(data, "chat_id", "data", _ID)
    outputs = required(data, "tool_outputs", "data", _TOOL_OUTPUTS)
    return SubmitToolOutputs(id=event_id, chat_id=chat_id, tool_outputs=outputs)


def _text_to_speak(event_id: str | None, data: dict[str, Any]) -> InputTextGenerateAudio:
    mode = required(data, "mode", "data", _MODE)
    text = required(data, "text", "data", _TEXT_TO_SPEAK)
    return InputTextGenerateAudio(id=event_id, mode=mode, text=text)
