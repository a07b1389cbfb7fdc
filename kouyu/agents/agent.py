"""Who answers: everything an agent needs comes in one value, everything it says goes out as a stream."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

import msgspec

from kouyu.protocol.downlink import ContentType, Role, ToolCall
from kouyu.protocol.tool_round import ToolRound
from kouyu.protocol.voice_print import VoicePrint


class ContextMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One earlier message of the section, or the question itself. Of an answer only what was heard."""

    role: Role
    content: str
    content_type: ContentType = "text"
    voice_print: VoicePrint | None = None
    """Who said it, where their voice was recognised."""
    tool_round: ToolRound | None = None
    """Tools that ran in an earlier turn; the message is then the assistant's, and ``content`` is empty."""


async def committed_already() -> None:
    """For requests that nothing can take back."""


class AgentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """All an agent is told of one turn."""

    messages: tuple[ContextMessage, ...]
    """Oldest first; the last is the user's question."""
    user_id: str = ""
    conversation_id: str = ""
    custom_variables: dict[str, str] = {}
    extra_params: dict[str, str] = {}
    parameters: dict[str, Any] = {}
    voice_emotion: str = ""
    """The emotion the answer will be spoken with (output_audio.emotion_config)."""
    voice_gender: str = ""
    """The gender of the user's voice, where it has been asked for and is known."""
    user_emotion: str = ""
    """How the user feels, likewise."""
    tool_rounds: tuple[ToolRound, ...] = ()
    """Oldest first: what happened since the question."""
    follow_up: bool = False
    """Whether questions are wanted that the user could ask next. An agent may have none."""
    committed: Callable[[], Awaitable[None]] = committed_already
    """Waits until the turn is certain. Before that the answer is only prepared, and may be thrown away because the user
    speaks on: await it before anything that has effects."""


class TextDelta(msgspec.Struct, frozen=True, tag=True):
    """The next characters of the answer. Without any it is a sign of life: the answer's time-out begins anew."""

    text: str


class TextWithdrawn(msgspec.Struct, frozen=True, tag=True):
    """The last ``characters`` of the answer were thought: a closing mark told so when they were out already. They come
    again as ThoughtDelta."""

    characters: int


class ThoughtDelta(msgspec.Struct, frozen=True, tag=True):
    """The next characters of what the agent thinks before it answers. Never spoken, and no part of the context."""

    text: str


class ToolsCalled(msgspec.Struct, frozen=True, tag=True):
    """Tools on the server are about to run; a ToolsRan with the same calls follows. Told before they have effects, so
    that a turn that ends meanwhile leaves a record of them. A sign of life like an empty TextDelta."""

    calls: tuple[ToolCall, ...]


class ToolsRan(msgspec.Struct, frozen=True, tag=True):
    """The tools that were called have run on the server. Where the agent is asked anew in this turn, this comes back in
    ``tool_rounds``. A sign of life."""

    round: ToolRound


class FollowUp(msgspec.Struct, frozen=True, tag=True):
    """A question that the user could ask next, once the answer is whole."""

    question: str


class ToolCallRequest(msgspec.Struct, frozen=True, tag=True):
    """The agent wants client-side tools to run before it goes on: it is asked anew, with what they gave."""

    calls: tuple[ToolCall, ...]


class TokenUsage(msgspec.Struct, frozen=True, tag=True):
    """Tokens spent, told once, at the end."""

    input_tokens: int
    output_tokens: int


class AnswerCut(msgspec.Struct, frozen=True, tag=True):
    """The answer ends here because it is too long; ``reason`` names the limit. What there is of it counts."""

    reason: str


AgentEvent = (
    TextDelta
    | TextWithdrawn
    | ThoughtDelta
    | ToolsCalled
    | ToolsRan
    | ToolCallRequest
    | FollowUp
    | AnswerCut
    | TokenUsage
)


class AgentError(Exception):
    """The agent cannot answer. The text is fit to be shown to the client: it says what failed and what can be done."""


class Agent(Protocol):
    """A bot or a flow."""

    def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """Answer. Closing the generator stops the model. Raises AgentError when it cannot answer."""
        ...

    async def close(self) -> None:
        """Free what the agent holds."""
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """An agent that can take in a question before it is whole, which makes its answer come sooner."""

    @property
    def reads_ahead(self) -> bool:
        """Whether that gains anything, and costs nobody anything."""
        ...

    async def read_ahead(self, request: AgentRequest) -> None:
        """Take in a request whose question may not be whole. Nothing can be seen of it: at most a reply to the same
        request begins sooner. Raises AgentError."""
        ...
