"""Options of a connection, and of one answer, besides its configuration: what a client may ask for that is no field of
``Configuration``."""

from typing import Any, Literal

import msgspec

from kouyu.domain.configuration import AsrConfig, OutputCodec
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import ContentType, Role

ToolChoice = Literal["auto", "none", "required"]


class ToolDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the client runs and the model may call; ``parameters`` is a JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class Truncation(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a section that is longer than the model's context window."""

    allowed: bool = True
    """Whether the oldest messages are left out; otherwise the answer fails."""
    kept_share: float = 0.5
    """Share of the window's room, 0 to 1, that the latest messages get once something is left out. With less, the
    beginning of the context stays the same for more turns, so that the model's server finds it in its prompt cache."""
    most_tokens: int | None = None
    """Most tokens of the section, estimated; None: all that the window has room for."""


class GivenMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the context that a client gives for one answer. ``message_id`` names a message of the section: while
    that is there, its own content counts, of an interrupted answer the part that was heard."""

    role: Role
    content: str
    content_type: ContentType = "text"
    message_id: str = NO_ID


class AnswerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of an answer. None, everywhere: as without these options. An agent that is no language model of this
    server's follows those that it can."""

    instructions: str | None = None
    """Replaces the agent's own system prompt and its example dialogue; "" counts as None."""
    tools: tuple[ToolDefinition, ...] | None = None
    """The client's tools, instead of those that the agent has at the client; empty: none. The agent's tools on the
    server stay."""
    tool_choice: ToolChoice | str | None = None
    """Whether the model may or must call a tool; another text is the name of the one that it must call."""
    """``required`` and a name count until the first tool has run; then the model decides."""
    max_output_tokens: int | None = None
    truncation: Truncation | None = None
    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    """Texts at which the answer ends."""
    response_format: dict[str, Any] | None = None
    """As OpenAI's chat completions define it."""
    spoken: bool | None = None
    """Whether the answer is spoken. If not, no audio of it is made, and its whole text counts as heard."""
    voice: str | None = None
    """The id of the voice that speaks it; "" and one that is not here are that of the configuration."""
    codec: OutputCodec | None = None
    """The codec of its audio, with the other settings of the configuration."""
    context: tuple[GivenMessage, ...] | None = None
    """What the agent is asked with, instead of the section's messages."""
    kept: bool | None = None
    """False: nothing of the answer is saved, and it does not become context. It is apart from the conversation: it runs
    beside what is said in it, and waits for no outputs of tools."""

    @property
    def is_about_the_section(self) -> bool:
        """Whether it answers what is said in the section, as part of it."""
        return self.context is None and not self.is_apart

    @property
    def is_apart(self) -> bool:
        """Whether it is no part of the conversation."""
        return self.kept is False

    @property
    def after_a_tool(self) -> "AnswerOptions":
        """The options once a tool has run: it need not be called again."""
        if self.tool_choice in (None, "auto", "none"):
            return self
        return msgspec.structs.replace(self, tool_choice=None)

    def before(self, others: "AnswerOptions") -> "AnswerOptions":
        """These options, field by field, and those of ``others`` where these are None."""
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(others, **given) if given else others


class SessionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a connection. They hold for what begins after they have changed."""

    answers: AnswerOptions = AnswerOptions()
    """Options of all answers; those of one answer come before them, field by field."""
    answers_speech: bool = True
    """Free talk: whether the end of the user's turn begins an answer. If not, the turn is saved as context."""
    speech_interrupts: bool = True
    """Free talk: whether the user's speech interrupts the agent."""
    speech_threshold: float | None = None
    """VAD probability, 0 to 1, from which speech begins; None: that of the server."""
    idle_timeout_ms: int | None = None
    """Free talk: silence of both sides, in ms after playout, after which the agent speaks by itself; None: never."""
    takes_audio: bool = True
    """Whether the client takes audio. This holds at once: what is being said goes on without audio, or with it."""
    recognition: AsrConfig | None = None
    """The settings of speech recognition in force; None: those of the configuration, which a protocol may restrict."""

    @property
    def is_spoken(self) -> bool:
        """Whether what begins now is spoken, if nothing else is asked for."""
        return self.answers.spoken is not False
