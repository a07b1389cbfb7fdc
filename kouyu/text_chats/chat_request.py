"""A client's request for a text chat."""

import msgspec

from kouyu.agents.agent import Agent, ContextMessage
from kouyu.agents.tool_history import ToolMessage, with_tool_rounds
from kouyu.domain.configuration import ChatConfig
from kouyu.domain.content import AudioPart, parse_parts
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import TOOL_TYPES, ContentType, Message, MessageType, Role
from kouyu.serving.caller import UNLIMITED, Caller


class EnteredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a client adds: a checked EnterMessage (rest.md 3.1), not yet part of a conversation."""

    role: Role
    type: MessageType
    content: str
    content_type: ContentType = "text"
    meta_data: dict[str, str] = {}

    def placed(
        self, message_id: str, *, conversation_id: str, section_id: str, bot_id: str, chat_id: str = NO_ID
    ) -> Message:
        """Return the message as part of a conversation."""
        return Message(
            id=message_id,
            conversation_id=conversation_id,
            bot_id=bot_id,
            role=self.role,
            type=self.type,
            content=self.content,
            content_type=self.content_type,
            chat_id=chat_id,
            section_id=section_id,
            meta_data=self.meta_data,
        )

    @property
    def has_recording(self) -> bool:
        """Whether it contains a recording."""
        if self.content_type != "object_string":
            return False
        return any(isinstance(part, AudioPart) for part in parse_parts(self.content))


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request to chat. ``chat_config`` as on ``/v1/chat``: the user, and what the agent gets."""

    agent: Agent
    bot_id: str
    """Empty for a flow that answers without a bot."""
    chat_config: ChatConfig
    caller: Caller = UNLIMITED
    """The client's access token."""
    messages: tuple[EnteredMessage, ...] = ()
    """The last one is the question. If empty, the user's last message in the conversation is."""

    @property
    def context(self) -> tuple[ContextMessage, ...]:
        """The agent's context besides the question."""
        return with_tool_rounds(
            ToolMessage(type=each.type, content=each.content)
            if each.type in TOOL_TYPES
            else ContextMessage(role=each.role, content=each.content, content_type=each.content_type)
            for each in self.messages[:-1]
        )

    @property
    def is_spoken(self) -> bool:
        """Whether the client sent a recording: then the answer is spoken as well."""
        return any(each.has_recording for each in self.messages)
