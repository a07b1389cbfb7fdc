"""What makes a bot besides its model: its prompt and everything else that an operator or a request over REST sets."""

from typing import Any, Final

import msgspec

DEFAULT_PROMPT: Final = "You are a helpful AI assistant. Your answers are read aloud, so keep them short and plain."
"""For bots without a prompt of their own: it asks only for a spoken style. Long prompts are slow on small machines."""


class Example(msgspec.Struct, frozen=True):
    """A question and the answer the bot should give: small models learn the tone from a few of these."""

    question: str
    answer: str


class Guidance(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is told, besides a bot's prompt, where the user speaks a certain language."""

    instruction: str = ""
    """Added to the system message."""
    examples: tuple[Example, ...] = ()
    with_tools: str = ""
    """Added to the system message of a bot with tools, in place of the examples; empty keeps the examples."""


class BotDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a bot."""

    id: str
    name: str
    description: str = ""
    prompt: str = DEFAULT_PROMPT
    """A Jinja2 template over the turn's ``custom_variables``."""
    variables: dict[str, str] = {}
    """Values for variables that the turn does not set."""
    examples: tuple[Example, ...] = ()
    """Example dialogue, put before every conversation."""
    guided: bool = True
    """Whether the model gets the guidance that it comes with, if there are no examples."""
    prologue: str = ""
    """The opening line."""
    suggested_questions: tuple[str, ...] = ()
    follow_up: bool = False
    """Whether the bot suggests follow-up questions, for clients that can show them."""
    follow_up_prompt: str = ""
    """The instruction for them; empty for kouyu's own."""
    voice_id: str = ""
    """Empty for the server's default voice."""
    temperature: float | None = None
    """None leaves it to the endpoint."""
    top_p: float | None = None
    top_k: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    """Most tokens of one answer; None leaves it to the endpoint."""
    answers_in_json: bool = False
    """Whether the model must answer with a JSON object."""
    context_rounds: int | None = None
    """Most earlier questions, with their answers, that the model gets; None for all that fit."""
    tools: tuple[dict[str, Any], ...] = ()
    """Client-side tools as OpenAI defines them: ``{"type": "function", "function": {name, description, parameters}}``.
    """
    record_sessions: bool | None = None
    """Whether its sessions are recorded; None: as the server's settings say."""
    max_tool_rounds: int = 8
    """Most rounds of tool calls for one question; then the model must answer."""

    @property
    def client_tool_names(self) -> tuple[str, ...]:
        """The names of the tools that run at the client."""
        return tuple(tool["function"]["name"] for tool in self.tools)
