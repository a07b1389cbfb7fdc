"""Options of a connection, and of one answer, besides its configuration: what a client may ask for that is no field of
``Configuration``."""

from typing import Any, Literal

import msgspec

ToolChoice = Literal["auto", "none", "required"]


class ToolDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the client runs and the model may call; ``parameters`` is a JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class AnswerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of an answer. None or UNSET, everywhere: as without these options."""

    instructions: str | None = None
    """Replaces the agent's own system prompt."""
    tools: tuple[ToolDefinition, ...] | None = None
    """The client's tools, instead of those it has declared before; empty: none."""
    tool_choice: ToolChoice | str | None = None
    """Whether the model may or must call a tool; another text is the name of the one that it must call."""
    max_output_tokens: int | None = None
    temperature: float | None = None
    spoken: bool | None = None
    """Whether the answer is spoken. If not, no audio of it is made, and its whole text counts as heard."""


class SessionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a connection. They hold for what begins after they have changed."""

    answers: AnswerOptions = AnswerOptions()
    """Options of all answers; those of one answer come before them, field by field."""
    answers_speech: bool = True
    """Free talk: whether the end of the user's turn begins an answer. If not, the turn is saved as context."""
    speech_interrupts: bool = True
    """Free talk: whether the user's speech interrupts the agent."""
    idle_timeout_ms: int | None = None
    """Free talk: silence of both sides, in ms after playout, after which the agent speaks by itself; None: never."""

    @property
    def is_spoken(self) -> bool:
        """Whether the client takes audio."""
        return self.answers.spoken is not False
