"""A bot: a language model with a prompt, and perhaps tools, which run at the client or on the server."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final

import msgspec

from kouyu.agents.agent import (
    AgentError,
    AgentEvent,
    AgentRequest,
    ContextMessage,
    FollowUp,
    TextDelta,
    TextWithdrawn,
    ThoughtDelta,
    TokenUsage,
    ToolCallRequest,
    ToolsCalled,
    ToolsRan,
)
from kouyu.agents.attachments import Attachments, may_have_files
from kouyu.agents.context import chat_messages, latest_rounds, shortened, with_own_ids, within_budget
from kouyu.agents.draft import Drafts
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.follow_up import follow_up_questions
from kouyu.agents.openai_client import OpenAIClient
from kouyu.agents.prompt import SPEAKERS_FACT, PromptTemplate, position_fact
from kouyu.agents.server_tools import ServerTools
from kouyu.agents.streamed_answer import estimate_messages
from kouyu.agents.token_estimate import estimate_tokens
from kouyu.agents.tool_history import as_message
from kouyu.protocol.downlink import ToolCall
from kouyu.text.growing_text import GrowingText
from kouyu.workers.limited import LimitedWorkers

DEFAULT_PROMPT: Final = "You are a helpful AI assistant. Your answers are read aloud, so keep them short and plain."
"""For bots without a prompt of their own: spoken style is all it asks for. Long ones cost time on small machines."""

_DEFAULT_ANSWER_TOKENS: Final = 512
_LEAST_BUDGET: Final = 256
_OPTIONS: Final = ("temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "max_tokens")
"""Of a definition, what is sent with each request."""
_DOCUMENT_SHARE: Final = 3
"""A document takes at most this part of what the model takes in."""
_OUTPUT_SHARE: Final = 8
"""And what a tool gave in an earlier turn, at most this part."""


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
    follow_up: bool = False
    """Whether it writes questions that the user could ask next, where the client can show them."""
    follow_up_prompt: str = ""
    """How it is told to; empty for kouyu's own words."""
    voice_id: str = ""
    """Empty for the server's default voice."""
    temperature: float | None = None
    """None leaves it to the endpoint."""
    top_p: float | None = None
    top_k: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    """Tokens of one answer at most; None leaves it to the endpoint."""
    context_rounds: int | None = None
    """So many earlier questions with their answers does the model see at most; None is all that fit."""
    tools: tuple[dict[str, Any], ...] = ()
    """Client-side tools as OpenAI defines them: ``{"type": "function", "function": {name, description, parameters}}``.
    """
    max_tool_rounds: int = 8
    """So often tools may be called for one question; then the model must answer."""

    @property
    def client_tool_names(self) -> tuple[str, ...]:
        """Of the tools that run at the client."""
        return tuple(tool["function"]["name"] for tool in self.tools)


class LanguageModelBot:
    """An Agent that asks a language model."""

    def __init__(
        self,
        definition: BotDefinition,
        *,
        client: OpenAIClient | None = None,
        server_tools: ServerTools | None = None,
        attachments: Attachments | None = None,
        workers: LimitedWorkers | None = None,
    ) -> None:
        """``client`` is one to the definition's model that somebody else closes. ``server_tools`` run on the server;
        ``attachments`` reads the files in messages: without it the model gets pictures by their address alone.
        ``workers``, which somebody else closes, render prompts that take more than a moment. Raises AgentError when the
        prompt is not well formed."""
        self.definition = definition
        self._attachments = attachments
        self._server_tools = server_tools or ServerTools()
        self._tools = (*definition.tools, *self._server_tools.definitions)
        self._workers = workers or LimitedWorkers()
        self._owns_workers = workers is None
        owner = f"bot {definition.id or definition.name}"
        self._prompt = PromptTemplate(
            definition.prompt, owner=owner, defaults=definition.variables, workers=self._workers
        )
        self._client = client or OpenAIClient(definition.model)
        self._owns_client = client is None
        self._drafts = Drafts(self._client)

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer. Closing the generator stops the model. Raises AgentError."""
        answer = _Answer()
        section = await self._read(request.messages)
        ran_before = [as_message(tools) for tools in request.tool_rounds]
        rounds = await self._read(ran_before)
        if section is not request.messages or rounds is not ran_before:
            yield TextDelta("")
        while True:
            messages = await self._messages(request, section, rounds)
            may_call = len(rounds) < self.definition.max_tool_rounds
            answer.begin()
            events = self._drafts.complete(messages, tools=self._tools, options=self._options(may_call))
            async with aclosing(events):
                async for event in events:
                    if shown := answer.take(event):
                        yield shown
            if not answer.calls:
                for question in await self._follow_up(request, messages, answer):
                    yield FollowUp(question)
                yield answer.usage
                return
            if not may_call:
                raise AgentError(
                    f"bot {self.definition.id} called tools {self.definition.max_tool_rounds} times in a row"
                )
            if not answer.ends_in_space:
                yield TextDelta(" ")  # what was said before the tools is a sentence of its own
            here = [call for call in answer.calls if self._server_tools.own(call)]
            if here:
                await request.committed()
                yield ToolsCalled(tuple(here))
                ran = await self._server_tools.run(here)
                yield ToolsRan(ran)
                rounds = [*rounds, *await self._read([as_message(ran)])]
            if len(here) < len(answer.calls):
                at_the_client = tuple(call for call in answer.calls if call not in here)
                yield ToolCallRequest(at_the_client)
                yield answer.usage
                return

    async def _follow_up(
        self, request: AgentRequest, messages: list[dict[str, Any]], answer: "_Answer"
    ) -> tuple[str, ...]:
        """Questions that the user could ask next, where they are wanted and the bot gives them."""
        if not (request.follow_up and self.definition.follow_up and answer.text):
            return ()
        questions, usage = await follow_up_questions(
            self._client,
            messages,
            str(answer.text),
            instruction=self.definition.follow_up_prompt,
            options=self._options(may_call=True),
        )
        answer.take(usage)
        return questions

    @property
    def reads_ahead(self) -> bool:
        """Whether the model's server keeps what it has read, and reading costs nothing but its time."""
        return self.definition.model.reads_ahead

    async def read_ahead(self, request: AgentRequest) -> None:
        """Have the model read the question as far as it goes, and begin to answer it where it seems to be whole. Raises
        AgentError."""
        messages = await self._messages(request, request.messages, ())
        await self._drafts.write(messages, tools=self._tools, options=self._options(may_call=True))

    async def _read(self, messages: Sequence[ContextMessage]) -> Sequence[ContextMessage]:
        """The messages with what the files in them, and those that tools' outputs name, hold."""
        if self._attachments is None or not any(may_have_files(message) for message in messages):
            return messages
        model = self.definition.model
        return await self._attachments.resolved(
            messages, images=model.images, document_tokens=model.context_tokens // _DOCUMENT_SHARE
        )

    async def _messages(
        self, request: AgentRequest, section: Sequence[ContextMessage], rounds: Sequence[ContextMessage]
    ) -> list[dict[str, Any]]:
        """``rounds`` are the tools that have run for the question, which is the last of ``section``."""
        opening = await self.opening(request)
        output_tokens = self.definition.model.context_tokens // _OUTPUT_SHARE
        recent = latest_rounds(section, self.definition.context_rounds)
        recent = [shortened(message, output_tokens) for message in recent]
        history = within_budget(recent, self._budget(opening + chat_messages(rounds)))
        return with_own_ids(opening + chat_messages([*history, *rounds]))

    async def opening(self, request: AgentRequest) -> list[dict[str, Any]]:
        """What every conversation begins with: the system message and the examples. The same from turn to turn while
        the variables are, so that servers find it in their prompt cache. Raises AgentError."""
        knows_speakers = any(message.voice_print for message in request.messages)
        parts = (
            await self._prompt.render(request.custom_variables),
            position_fact(request.extra_params),
            SPEAKERS_FACT if knows_speakers else "",
        )
        system = "\n".join(part for part in parts if part)
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        for example in self.definition.examples:
            messages += [
                {"role": "user", "content": example.question},
                {"role": "assistant", "content": example.answer},
            ]
        return messages

    async def check(self) -> None:
        """Raises AgentError for a prompt that would fail whatever the variables are."""
        await self._prompt.check()

    async def close(self) -> None:
        """Close the connections to the model, and end the workers, where they are its own."""
        if self._owns_client:
            await self._client.close()
        if self._owns_workers:
            await self._workers.close()

    def _options(self, may_call: bool) -> dict[str, Any]:
        options = {name: getattr(self.definition, name) for name in _OPTIONS}
        if self._tools and not may_call:
            options["tool_choice"] = "none"
        return {name: value for name, value in options.items() if value is not None}

    def _budget(self, fixed: list[dict[str, Any]]) -> int:
        """Tokens left for the section's messages."""
        model = self.definition.model
        answer = self.definition.max_tokens or model.body.get("max_tokens") or _DEFAULT_ANSWER_TOKENS
        tools = sum(estimate_tokens(msgspec.json.encode(tool).decode()) for tool in self._tools)
        return max(_LEAST_BUDGET, model.context_tokens - answer - tools - estimate_messages(fixed))


class _Answer:
    """One answer as it comes, over several requests to the model where tools run in between."""

    def __init__(self) -> None:
        self.calls: tuple[ToolCall, ...] = ()
        """What the model's latest completion calls."""
        self.usage = TokenUsage(0, 0)
        self.text = GrowingText()
        self.ends_in_space = True

    def begin(self) -> None:
        """Another completion comes."""
        self.calls = ()

    def take(self, event: AgentEvent) -> TextDelta | TextWithdrawn | ThoughtDelta | None:
        """What of the event is to be shown at once."""
        match event:
            case ThoughtDelta():
                return event
            case TextDelta(text):
                self.text.add(text)
                self.ends_in_space = text[-1:].isspace() if text else self.ends_in_space
                return event
            case TextWithdrawn(characters):
                self.text.withdraw(characters)
                self.ends_in_space = str(self.text)[-1:].strip() == ""
                return event
            case ToolCallRequest(calls):
                self.calls = calls
            case TokenUsage(spent_in, spent_out):
                self.usage = TokenUsage(self.usage.input_tokens + spent_in, self.usage.output_tokens + spent_out)
        return None
