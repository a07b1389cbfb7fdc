"""A bot: a language model with a prompt and optional tools, which run at the client or on the server."""

from collections.abc import AsyncGenerator, Mapping, Sequence
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
    ToolCallRequest,
    ToolsCalled,
    ToolsRan,
)
from kouyu.agents.attachments import Attachments, may_have_files
from kouyu.agents.bot_definition import BotDefinition, Example, Guidance
from kouyu.agents.collected_answer import CollectedAnswer
from kouyu.agents.context import (
    chat_messages,
    instructions_before,
    latest_rounds,
    shortened,
    truncated,
    with_own_ids,
    with_result,
    with_somebody_to_answer,
)
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.draft import Drafts
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.follow_up import follow_up_questions
from kouyu.agents.prompt import SPEAKERS_FACT, PromptTemplate, position_fact
from kouyu.agents.server_tools import ServerTools
from kouyu.agents.streamed_answer import estimate_messages
from kouyu.agents.token_estimate import estimate_tokens
from kouyu.agents.tool_history import as_message
from kouyu.agents.usable_tools import UsableTools
from kouyu.domain.options import AnswerOptions, Truncation
from kouyu.text.language import language_of
from kouyu.workers.limited import LimitedWorkers

_DEFAULT_ANSWER_TOKENS: Final = 512
_LEAST_BUDGET: Final = 256
_OPTIONS: Final = ("temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "max_tokens")
"""The fields of a definition that are sent with each request."""
_ASKED_OPTIONS: Final = (*_OPTIONS[:2], *_OPTIONS[3:5], "seed", "stop", "response_format")
"""The client's options that are sent with it under their own names."""
_DOCUMENT_SHARE: Final = 3
"""Largest share of the model's context window for one document."""
_OUTPUT_SHARE: Final = 8
"""Largest share of it for a tool's output of an earlier turn."""


class LanguageModelBot:
    """An Agent that asks a language model."""

    def __init__(
        self,
        definition: BotDefinition,
        model: CurrentModel | ModelEndpoint,
        *,
        server_tools: ServerTools | None = None,
        attachments: Attachments | None = None,
        workers: LimitedWorkers | None = None,
    ) -> None:
        """``model``: one that bots share, which the caller closes, or the endpoint of one. ``server_tools`` run on the
        server; ``attachments`` reads the files in messages: without it the model gets pictures by their URL alone.
        ``workers``, which the caller closes, render expensive prompts. Raises AgentError when the prompt is not well
        formed."""
        self.definition = definition
        self.model = CurrentModel(AskedModel(model)) if isinstance(model, ModelEndpoint) else model
        self._owns_model = self.model is not model
        self._attachments = attachments
        self._server_tools = server_tools or ServerTools()
        self._tools = (*definition.tools, *self._server_tools.definitions)
        self._workers = workers or LimitedWorkers()
        self._owns_workers = workers is None
        owner = f"bot {definition.id or definition.name}"
        self._prompt = PromptTemplate(
            definition.prompt, owner=owner, defaults=definition.variables, workers=self._workers
        )
        self._drafts = Drafts(self.model.now.client)

    async def reply(self, request: AgentRequest) -> AsyncGenerator[AgentEvent, None]:
        """Stream the answer. Closing the generator stops the model. Raises AgentError."""
        with self.model.in_use() as model:
            async with aclosing(self._reply(request, model)) as events:
                async for event in events:
                    yield event

    async def _reply(self, request: AgentRequest, model: AskedModel) -> AsyncGenerator[AgentEvent, None]:
        answer = CollectedAnswer()
        drafts = self._drafts_of(model)
        section = await self._read(request.owner, request.messages, model)
        ran_before = [as_message(tools) for tools in request.tool_rounds]
        rounds = await self._read(request.owner, ran_before, model)
        if section is not request.messages or rounds is not ran_before:
            yield TextDelta("")
        while True:
            messages = await self._messages(request, section, rounds, model)
            may_call = len(rounds) < self.definition.max_tool_rounds
            tools = self._usable(request.options, calls_again=len(rounds) > len(ran_before), may_call=may_call)
            answer.begin()
            place = await model.place(request.conversation_id, messages, tools.definitions)
            options = {**self._options(request.options), **tools.choice, **place}
            events = drafts.complete(messages, tools=tools.definitions, options=options)
            async with aclosing(events):
                async for event in events:
                    if shown := answer.take(event):
                        yield shown
            if not answer.calls:
                for question in await self._follow_up(request, messages, answer, model):
                    yield FollowUp(question)
                yield answer.usage
                return
            if not may_call:
                raise AgentError(
                    f"bot {self.definition.id} called tools {self.definition.max_tool_rounds} times in a row"
                )
            if not answer.ends_in_space:
                yield TextDelta(" ")  # text before the tools is a sentence of its own
            here = [call for call in answer.calls if tools.run_here(call)]
            if here:
                await request.committed()
                yield ToolsCalled(tuple(here))
                ran = await self._server_tools.run(here)
                yield ToolsRan(ran)
                rounds = [*rounds, *await self._read(request.owner, [as_message(ran)], model)]
            if len(here) < len(answer.calls):
                at_the_client = tuple(call for call in answer.calls if call not in here)
                yield ToolCallRequest(at_the_client)
                yield answer.usage
                return

    async def _follow_up(
        self, request: AgentRequest, messages: list[dict[str, Any]], answer: CollectedAnswer, model: AskedModel
    ) -> tuple[str, ...]:
        """Yield follow-up questions, if the request wants them and the bot gives them."""
        if not (request.follow_up and self.definition.follow_up and answer.text):
            return ()
        questions, usage = await follow_up_questions(
            model.client,
            messages,
            str(answer.text),
            instruction=self.definition.follow_up_prompt,
            options=self._options(AnswerOptions()),
        )
        answer.take(usage)
        return questions

    @property
    def tools(self) -> Sequence[dict[str, Any]]:
        """The definitions of all its tools, which are part of every prompt."""
        return self._tools

    @property
    def reads_ahead(self) -> bool:
        """Whether the model's server caches prompts, and prefilling costs nothing but its time."""
        return self.model.now.endpoint.reads_ahead

    async def read_ahead(self, request: AgentRequest, *, draft: bool) -> None:
        """Prefill the model with the question so far; with ``draft``, also write the beginning of an answer, which
        ``reply`` to the same request uses. Raises AgentError."""
        with self.model.in_use() as model:
            messages = await self._messages(request, request.messages, (), model)
            tools = self._usable(request.options)
            place = await model.place(request.conversation_id, messages, tools.definitions)
            if draft:
                options = {**self._options(request.options), **tools.choice, **place}
                await self._drafts_of(model).write(messages, tools=tools.definitions, options=options)
            else:
                await model.client.read(messages, tools=tools.definitions, options=place)

    def _drafts_of(self, model: AskedModel) -> Drafts:
        """The drafts that the model wrote; those of another model are dropped."""
        if self._drafts.client is not model.client:
            self._drafts = Drafts(model.client)
        return self._drafts

    async def _read(
        self, owner: str, messages: Sequence[ContextMessage], model: AskedModel
    ) -> Sequence[ContextMessage]:
        """Replace files in the messages, and those that tools' outputs name, with their content."""
        if self._attachments is None or not any(may_have_files(message) for message in messages):
            return messages
        endpoint = model.endpoint
        return await self._attachments.resolved(
            messages, owner, images=endpoint.images, document_tokens=endpoint.context_tokens // _DOCUMENT_SHARE
        )

    async def _messages(
        self,
        request: AgentRequest,
        section: Sequence[ContextMessage],
        rounds: Sequence[ContextMessage],
        model: AskedModel,
    ) -> list[dict[str, Any]]:
        """``rounds`` are the tools that have run for the question, which is the last of ``section``, if there is
        one."""
        guidance = self._guidance(model.guidance, request.options)
        opening = await self._opening(request, guidance.get(_language(section, guidance), Guidance()))
        output_tokens = model.endpoint.context_tokens // _OUTPUT_SHARE
        said = section[len(instructions_before(section)) :]
        recent = latest_rounds(said, self.definition.context_rounds)
        recent = [shortened(message, output_tokens) for message in recent]
        budget = self._budget(opening + chat_messages(rounds), model, request.options)
        history = truncated(recent, budget, request.options.truncation or Truncation())
        if model.endpoint.calculations:
            history = [with_result(message) for message in history]
        return with_own_ids(with_somebody_to_answer(opening + chat_messages([*history, *rounds])))

    def _guidance(self, of_model: Mapping[str, Guidance], options: AnswerOptions) -> Mapping[str, Guidance]:
        """What of a model's guidance this bot uses."""
        return of_model if self.definition.guided and not self._examples(options) else {}

    def _examples(self, options: AnswerOptions) -> tuple[Example, ...]:
        return () if options.instructions else self.definition.examples

    async def openings(self, guidance: Mapping[str, Guidance]) -> list[list[dict[str, Any]]]:
        """Return the start of conversations with a model of this guidance in each of its languages, or the one for all.
        Raises AgentError."""
        request = AgentRequest(messages=(ContextMessage(role="user", content=""),))
        used = self._guidance(guidance, request.options)
        return [await self._opening(request, each) for each in used.values() or [Guidance()]]

    async def _opening(self, request: AgentRequest, guidance: Guidance) -> list[dict[str, Any]]:
        """Return the start of every conversation: the system message and the examples. It stays the same from turn to
        turn while the variables and the language do, so that servers find it in their prompt cache. Raises AgentError.
        """
        instead = guidance.with_tools if self._usable(request.options).definitions else ""
        knows_speakers = any(message.voice_print for message in request.messages)
        parts = (
            request.options.instructions or await self._prompt.render(request.custom_variables),
            *instructions_before(request.messages),
            position_fact(request.extra_params),
            SPEAKERS_FACT if knows_speakers else "",
            guidance.instruction,
            instead,
        )
        system = "\n".join(part for part in parts if part)
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        for example in self._examples(request.options) or (() if instead else guidance.examples):
            messages += [
                {"role": "user", "content": example.question},
                {"role": "assistant", "content": example.answer},
            ]
        return messages

    async def check(self) -> None:
        """Raise AgentError for a prompt that fails with any variables."""
        await self._prompt.check()

    async def close(self) -> None:
        """Close the model's connections and the workers, if this bot made them."""
        if self._owns_model:
            await self.model.close()
        if self._owns_workers:
            await self._workers.close()

    def _usable(self, asked: AnswerOptions, *, calls_again: bool = False, may_call: bool = True) -> UsableTools:
        """The tools of the next completion. ``calls_again``: the model has called some for this answer already."""
        return UsableTools(
            self.definition.tools,
            self._server_tools,
            asked,
            calls_again=calls_again,
            may_call=may_call,
            obeyed=self.model.now.endpoint.obeys_tool_choice,
        )

    def _options(self, asked: AnswerOptions) -> dict[str, Any]:
        own = {name: getattr(self.definition, name) for name in _OPTIONS}
        if self.definition.answers_in_json:
            own["response_format"] = {"type": "json_object"}
        given = {name: getattr(asked, name) for name in _ASKED_OPTIONS} | {"max_tokens": asked.max_output_tokens}
        return {name: value for options in (own, given) for name, value in options.items() if value is not None}

    def _budget(self, fixed: list[dict[str, Any]], model: AskedModel, asked: AnswerOptions) -> int:
        """Tokens left for the section's messages."""
        endpoint = model.endpoint
        limits = asked.max_output_tokens, self.definition.max_tokens, endpoint.body.get("max_tokens")
        answer = min(next(filter(None, limits), _DEFAULT_ANSWER_TOKENS), endpoint.context_tokens // 2)
        tools = sum(estimate_tokens(msgspec.json.encode(tool).decode()) for tool in self._usable(asked).definitions)
        return max(_LEAST_BUDGET, endpoint.context_tokens - answer - tools - estimate_messages(fixed))


def _language(section: Sequence[ContextMessage], guidance: Mapping[str, Guidance]) -> str:
    """The language of the guidance for the latest question that has letters; "" without any."""
    questions = (message.content for message in reversed(section) if message.role == "user")
    language = next(filter(None, map(language_of, questions)), "")
    return language if language in guidance else next(iter(guidance), "")
