"""A chat: one turn of a conversation, from its question to its end, with the field names of downlink.md 2.1."""

from typing import Literal

import msgspec

from kouyu.domain.tool_calls import ToolCall

ChatStatus = Literal["created", "in_progress", "completed", "failed", "requires_action", "canceled"]


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one chat; ``token_count`` is the sum of the other two."""

    token_count: int = 0
    output_count: int = 0
    input_count: int = 0


class LastError(msgspec.Struct, frozen=True):
    """Why a chat failed; code 0 means no error."""

    code: int
    msg: str


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
