"""The agent interface: a request holds all that one turn needs, and the answer is a stream of events."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

import msgspec

from kouyu.domain.messages import ContentType, Role
from kouyu.domain.options import AnswerOptions
from kouyu.domain.tool_calls import ToolCall
from kouyu.domain.tool_round import ToolRound
from kouyu.domain.voice_print import VoicePrint


class ContextMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One earlier message of the section, or the question itself. An answer holds only what the user heard; a system
    message holds instructions."""

    role: Role
    content: str
    content_type: ContentType = "text"
    voice_print: VoicePrint | None = None
    """The speaker, if their voice was recognised."""
    tool_round: ToolRound | None = None
    """Tools that ran in an earlier turn; the message is then the assistant's, and ``content`` is empty."""


async def committed_already() -> None:
    """``AgentRequest.committed`` for turns that cannot be rolled back: returns at once."""


class AgentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """All that an agent gets for one turn."""

    messages: tuple[ContextMessage, ...]
    """Oldest first; the last is the user's question, unless the agent speaks without one (``question``)."""
    options: AnswerOptions = AnswerOptions()
    """What the client asks of this answer. An agent may be unable to follow some of them."""
    user_id: str = ""
    conversation_id: str = ""
    owner: str = ""
    """Whose files the messages may name by id."""
    custom_variables: dict[str, str] = {}
    extra_params: dict[str, str] = {}
    parameters: dict[str, Any] = {}
    voice_emotion: str = ""
    """The emotion the answer will be spoken with (output_audio.emotion_config)."""
    voice_gender: str = ""
    """The gender of the user's voice, if the client asked for it and it is known."""
    user_emotion: str = ""
    """The user's emotion, likewise."""
    tool_rounds: tuple[ToolRound, ...] = ()
    """Tool rounds since the question, oldest first."""
    follow_up: bool = False
    """Whether the client wants follow-up questions. An agent may give none."""
    committed: Callable[[], Awaitable[None]] = committed_already
    """Waits until the turn is committed. Until then the answer is speculative and may be rolled back because the user
    goes on speaking: await it before anything that has effects."""

    @property
    def question(self) -> ContextMessage | None:
        """The user's question; None if the agent is to speak without one: the last message is its own, or there is
        none."""
        last = self.messages[-1] if self.messages else None
        return last if last is not None and last.role == "user" else None


class TextDelta(msgspec.Struct, frozen=True, tag=True):
    """The next characters of the answer. An empty one is a keep-alive: it restarts the answer's time-out."""

    text: str


class TextWithdrawn(msgspec.Struct, frozen=True, tag=True):
    """The last ``characters`` of the answer were a thought, which a closing mark showed after they were sent. They come
    again as ThoughtDelta."""

    characters: int


class ThoughtDelta(msgspec.Struct, frozen=True, tag=True):
    """The next characters of the agent's reasoning before its answer. Never spoken, and not part of the context."""

    text: str


class ToolsCalled(msgspec.Struct, frozen=True, tag=True):
    """Tools on the server are about to run; a ToolsRan with the same calls follows. Sent before they have effects, so
    that a turn that ends meanwhile leaves a record of them. A keep-alive like an empty TextDelta."""

    calls: tuple[ToolCall, ...]


class ToolsRan(msgspec.Struct, frozen=True, tag=True):
    """The tools that were called have run on the server. If the agent is asked again in this turn, this comes back in
    ``tool_rounds``. A keep-alive."""

    round: ToolRound


class FollowUp(msgspec.Struct, frozen=True, tag=True):
    """A question that the user could ask next; comes after the answer is complete."""

    question: str


class ToolCallRequest(msgspec.Struct, frozen=True, tag=True):
    """The agent needs a client-side tool to run: the agent is then asked again, with the tool's output."""

    calls: tuple[ToolCall, ...]


class TokenUsage(msgspec.Struct, frozen=True, tag=True):
    """Tokens used; comes once, at the end."""

    input_tokens: int
    output_tokens: int


class AnswerCut(msgspec.Struct, frozen=True, tag=True):
    """The answer ends here because it is too long; ``reason`` names the limit. The text so far is kept. Only the token
    usage follows."""

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
    """The agent cannot answer. The text may be shown to the client: it says what failed and what can be done."""


class Agent(Protocol):
    """A bot or a flow."""

    def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer. Closing the generator stops the model. Raises AgentError when it cannot answer."""
        ...

    async def close(self) -> None:
        """Release the agent's resources."""
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """An agent that can prefill its model with an unfinished question, which makes its answer come sooner."""

    @property
    def reads_ahead(self) -> bool:
        """Whether prefilling helps, and costs nothing but the model's own time."""
        ...

    async def read_ahead(self, request: AgentRequest, *, draft: bool) -> None:
        """Prefill with a request whose question may be unfinished, and draft the beginning of an answer if ``draft``.
        It has no visible effect, except that a reply to the same request may begin sooner. Raises AgentError."""
        ...


def runs_here(agent: Agent) -> bool:
    """Whether the agent's model is the server's own, so that its time is the load of this machine."""
    return isinstance(agent, ReadsAhead) and agent.reads_ahead
