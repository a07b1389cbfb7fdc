"""A bot: a language model with a prompt, and perhaps tools that run at the client."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec

from kouyu.agents.agent import AgentEvent, AgentRequest
from kouyu.agents.context import chat_messages, tool_messages, within_budget
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.openai_client import OpenAIClient
from kouyu.agents.prompt import PromptTemplate, position_fact
from kouyu.agents.streamed_answer import estimate_messages
from kouyu.agents.token_estimate import estimate_tokens

DEFAULT_PROMPT: Final = "You are a helpful AI assistant. Your answers are read aloud, so keep them short and plain."
"""For bots without a prompt of their own: spoken style is all it asks for. Long ones cost time on small machines."""

_DEFAULT_ANSWER_TOKENS: Final = 512
_LEAST_BUDGET: Final = 256


class Example(msgspec.Struct, frozen=True):
    """A question and the answer the bot should give: small models learn the tone from a few of these."""

    question: str
    answer: str


class BotDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What makes a bot."""

    id: str
    name: str
    model: ModelEndpoint
    description: str = ""
    prompt: str = DEFAULT_PROMPT
    """A Jinja2 template over the turn's ``custom_variables``."""
    variables: dict[str, str] = {}
    """Values for variables that the turn does not set."""
    examples: tuple[Example, ...] = ()
    """Shown to the model before every conversation."""
    prologue: str = ""
    """The opening line."""
    suggested_questions: tuple[str, ...] = ()
    voice_id: str = ""
    """Empty for the server's default voice."""
    temperature: float | None = None
    """None leaves it to the endpoint."""
    top_p: float | None = None
    max_tokens: int | None = None
    """Tokens of one answer at most; None leaves it to the endpoint."""
    tools: tuple[dict[str, Any], ...] = ()
    """OpenAI tool definitions, ``{"type": "function", "function": {name, description, parameters}}``."""


class LanguageModelBot:
    """An Agent that asks a language model."""

    def __init__(self, definition: BotDefinition) -> None:
        """Raises AgentError when the prompt is not well formed."""
        self.definition = definition
        self._prompt = PromptTemplate(definition.prompt, owner=f"bot {definition.id}", defaults=definition.variables)
        self._client = OpenAIClient(definition.model)

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer. Closing the generator stops the model. Raises AgentError."""
        opening = self.opening(request)
        rounds = tool_messages(request.tool_rounds)
        history = within_budget(request.messages, self._budget(opening + rounds))
        messages = opening + chat_messages(history) + rounds
        events = self._client.complete(messages, tools=self.definition.tools, options=self._options())
        async with aclosing(events):
            async for event in events:
                yield event

    def opening(self, request: AgentRequest) -> list[dict[str, Any]]:
        """What every conversation begins with: the system message and the examples. The same from turn to turn while
        the variables are, so that servers find it in their prompt cache. Raises AgentError."""
        parts = (self._prompt.render(request.custom_variables), position_fact(request.extra_params))
        system = "\n".join(part for part in parts if part)
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        for example in self.definition.examples:
            messages += [
                {"role": "user", "content": example.question},
                {"role": "assistant", "content": example.answer},
            ]
        return messages

    async def close(self) -> None:
        """Close the connections to the model."""
        await self._client.close()

    def _options(self) -> dict[str, Any]:
        options = {name: getattr(self.definition, name) for name in ("temperature", "top_p", "max_tokens")}
        return {name: value for name, value in options.items() if value is not None}

    def _budget(self, fixed: list[dict[str, Any]]) -> int:
        """Tokens left for the section's messages."""
        model = self.definition.model
        answer = self.definition.max_tokens or model.body.get("max_tokens") or _DEFAULT_ANSWER_TOKENS
        tools = sum(estimate_tokens(msgspec.json.encode(tool).decode()) for tool in self.definition.tools)
        return max(_LEAST_BUDGET, model.context_tokens - answer - tools - estimate_messages(fixed))
