"""A message of a conversation, with the field names of downlink.md 2.2."""

from typing import Final, Literal

import msgspec

Role = Literal["user", "assistant", "system"]
"""``system``: instructions that a client put into the conversation; Coze's protocol has none."""
MessageType = Literal["question", "answer", "function_call", "tool_output", "tool_response", "follow_up", "verbose", ""]
TOOL_TYPES: Final[tuple[MessageType, ...]] = ("function_call", "tool_response", "tool_output")
"""Types of messages about tools: the call, and its output under either name."""
ContentType = Literal["text", "object_string", "card", "audio"]


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
