"""Who answers: everything an agent needs comes in one value, everything it says goes out as a stream."""

from collections.abc import AsyncGenerator
from typing import Any, Protocol

import msgspec

from kouyu.protocol.downlink import ContentType, Role, ToolCall
from kouyu.protocol.uplink import ToolOutput


class ContextMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One earlier message of the section, or the question itself. Of an answer only what was heard."""

    role: Role
    content: str
    content_type: ContentType = "text"


class ToolRound(msgspec.Struct, frozen=True, kw_only=True):
    """Client-side tools the agent asked for, and what they gave; one output for each call."""

    calls: tuple[ToolCall, ...]
    outputs: tuple[ToolOutput, ...]


class AgentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """All an agent is told of one turn."""

    messages: tuple[ContextMessage, ...]
    """Oldest first; the last is the user's question."""
    user_id: str = ""
    conversation_id: str = ""
    custom_variables: dict[str, str] = {}
    extra_params: dict[str, str] = {}
    parameters: dict[str, Any] = {}
    tool_rounds: tuple[ToolRound, ...] = ()
    """Oldest first: what happened since the question."""


class TextDelta(msgspec.Struct, frozen=True, tag=True):
    """The next characters of the answer."""

    text: str


class ToolCallRequest(msgspec.Struct, frozen=True, tag=True):
    """The agent wants client-side tools to run before it goes on."""

    calls: tuple[ToolCall, ...]


class TokenUsage(msgspec.Struct, frozen=True, tag=True):
    """Tokens spent, told once, at the end."""

    input_tokens: int
    output_tokens: int


AgentEvent = TextDelta | ToolCallRequest | TokenUsage


class AgentError(Exception):
    """The agent cannot answer. The text is fit to be shown to the client."""


class Agent(Protocol):
    """A bot or a flow."""

    def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """Answer. Closing the generator stops the model. Raises AgentError when it cannot answer."""
        ...

    async def close(self) -> None:
        """Free what the agent holds."""
        ...
