"""What a client sends on ``/v1/chat``: one struct per event of uplink.md."""

from typing import Any, Literal

import msgspec


class ChatUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Sets the configuration; ``data`` is for ``merge.merge``, unchecked."""

    id: str | None = None
    data: dict[str, Any]


class InputAudioBufferAppend(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the user's audio, base64 already undone, in the format of ``input_audio``."""

    id: str | None = None
    delta: bytes


class InputAudioBufferComplete(msgspec.Struct, frozen=True, kw_only=True):
    """Push to talk: the user has finished."""

    id: str | None = None


class InputAudioBufferClear(msgspec.Struct, frozen=True, kw_only=True):
    """Throw the buffered audio away."""

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


class ToolOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What one tool of the client's gave."""

    tool_call_id: str
    output: str


class SubmitToolOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """Results for the chat that waits for them."""

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
    """An event this server does not know: to be logged and answered with nothing."""

    id: str | None = None
    event_type: str


UplinkEvent = (
    ChatUpdate
    | InputAudioBufferAppend
    | InputAudioBufferComplete
    | InputAudioBufferClear
    | ConversationMessageCreate
    | ConversationClear
    | SubmitToolOutputs
    | ConversationChatCancel
    | InputTextGenerateAudio
    | UnknownEvent
)
