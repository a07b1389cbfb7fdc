"""Builds the bots of the settings."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import zip_longest
from typing import TypeGuard

import msgspec

from kouyu.agents.agent import Agent
from kouyu.agents.attachments import Attachments
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition, Example, Guidance
from kouyu.agents.coze_bot import CozeBot, CozeEndpoint
from kouyu.agents.embedded.model import EmbeddedModel
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.mcp_server import McpServer
from kouyu.agents.openai_client import OpenAIClient
from kouyu.agents.server_tools import ServerTools
from kouyu.assembly.secrets import from_environment
from kouyu.settings.bots import BotSettings, ModelSettings
from kouyu.store.bots import BotModel, BotProfile, BotTools
from kouyu.workers.limited import LimitedWorkers


class LanguageModel(msgspec.Struct, frozen=True):
    """A model of the settings, which any bot can use."""

    client: OpenAIClient
    definition: BotDefinition
    """The definition of the bot that it was configured for: endpoint and sampling."""
    guidance: Mapping[str, Guidance]
    """For bots without examples of their own, by language."""


class Bots(msgspec.Struct, frozen=True):
    """Agents by bot id, ready to answer."""

    definitions: Mapping[str, BotDefinition]
    agents: Mapping[str, Agent]
    profiles: Mapping[str, BotProfile]
    """The same bots as profiles, in the form that REST uses."""
    models: Mapping[str, LanguageModel]
    """By the id of the bot that they were configured for; bots on a Coze server have none."""
    embedded: EmbeddedModel | None = None
    """The embedded model, if a bot needs it."""


def needs_embedded_model(bots: tuple[BotSettings, ...]) -> bool:
    """Whether a bot has no endpoint of its own."""
    return any(not bot.model.base_url for bot in bots)


@asynccontextmanager
async def open_bots(
    chosen: tuple[BotSettings, ...],
    *,
    embedded: EmbeddedModel | None = None,
    tool_servers: Mapping[str, McpServer] | None = None,
    attachments: Attachments | None = None,
    workers: LimitedWorkers | None = None,
    warm: Collection[str] = (),
) -> AsyncIterator[Bots]:
    """Open the bots, those on the embedded model warmed up; close them when the block ends.

    ``embedded`` is the running embedded model, which its owner closes; without it every bot must name an endpoint.
    ``tool_servers`` holds, by name, those that the bots' settings name; ``attachments`` reads the files in messages,
    ``workers`` render prompts. Bots whose ids are in ``warm`` have been warmed up before.

    Raises AgentError for a prompt that is not well formed, or a key that is missing from the environment.
    """
    async with AsyncExitStack() as stack:
        definitions = {bot.id: _definition(bot, embedded) for bot in chosen}
        agents: dict[str, Agent] = {}
        models: dict[str, LanguageModel] = {}
        for bot in chosen:
            definition = definitions[bot.id]
            if bot.model.kind == "coze":
                agents[bot.id] = CozeBot(_coze_endpoint(bot), attachments=attachments)
                stack.push_async_callback(agents[bot.id].close)
                continue
            model = models[bot.id] = _language_model(definition, embedded)
            stack.push_async_callback(model.client.close)
            tools = ServerTools(
                [(tool_servers or {})[name] for name in bot.mcp_servers], taken=definition.client_tool_names
            )
            agents[bot.id] = LanguageModelBot(
                definition, client=model.client, server_tools=tools, attachments=attachments, workers=workers
            )
            stack.push_async_callback(agents[bot.id].close)
        if embedded is not None:
            cold = (agent for bot_id, agent in agents.items() if bot_id not in warm)
            await _warm_up(embedded, [agent for agent in cold if _is_embedded(agent, embedded)])
        yield Bots(definitions, agents, {bot.id: _profile(bot) for bot in chosen}, models, embedded)


async def _warm_up(embedded: EmbeddedModel, bots: list[LanguageModelBot]) -> None:
    """Prefill the openings of all bots in all languages; each bot gets its first one before any gets its second."""
    asked = [[(opening, bot.tools) for opening in await bot.openings()] for bot in bots]
    openings = [each for of_bots in zip_longest(*asked) for each in of_bots if each is not None]
    await asyncio.gather(*(embedded.warm_up(opening, tools) for opening, tools in openings))


def _profile(bot: BotSettings) -> BotProfile:
    model = bot.model
    return BotProfile(
        name=bot.name or bot.id,
        description=bot.description,
        prompt=bot.prompt,
        prologue=bot.prologue,
        suggested_questions=bot.suggested_questions,
        follow_up=bot.follow_up,
        follow_up_prompt=bot.follow_up_prompt,
        voice_id=bot.voice_id,
        model=BotModel(model_id=bot.id, temperature=model.temperature, top_p=model.top_p, max_tokens=model.max_tokens),
        tools=tuple(BotTools(name) for name in bot.mcp_servers),
    )


def _language_model(definition: BotDefinition, embedded: EmbeddedModel | None) -> LanguageModel:
    is_embedded = embedded is not None and definition.model == embedded.endpoint
    guidance = embedded.model.prompts.guidance if embedded is not None and is_embedded else {}
    return LanguageModel(OpenAIClient(definition.model), definition, guidance)


def _is_embedded(agent: Agent, embedded: EmbeddedModel) -> TypeGuard[LanguageModelBot]:
    return isinstance(agent, LanguageModelBot) and agent.definition.model == embedded.endpoint


def _definition(bot: BotSettings, embedded: EmbeddedModel | None) -> BotDefinition:
    examples = tuple(Example(example.question, example.answer) for example in bot.examples)
    is_embedded = embedded is not None and not bot.model.base_url
    endpoint = embedded.endpoint if embedded is not None and is_embedded else _endpoint(bot)
    return BotDefinition(
        id=bot.id,
        name=bot.name or bot.id,
        model=endpoint,
        description=bot.description,
        prompt=bot.prompt,
        variables=bot.variables,
        examples=examples,
        guidance=embedded.model.prompts.guidance if embedded is not None and is_embedded else {},
        prologue=bot.prologue,
        suggested_questions=bot.suggested_questions,
        follow_up=bot.follow_up,
        follow_up_prompt=bot.follow_up_prompt,
        voice_id=bot.voice_id,
        temperature=bot.model.temperature,
        top_p=bot.model.top_p,
        max_tokens=bot.model.max_tokens,
        tools=bot.tools,
        max_tool_rounds=bot.max_tool_rounds,
    )


def _endpoint(bot: BotSettings) -> ModelEndpoint:
    model = bot.model
    return ModelEndpoint(
        base_url=model.base_url,
        model=model.model,
        api_key=_key(bot.id, model),
        headers=model.headers,
        body=model.body,
        context_tokens=model.context_tokens,
        images=model.images,
        starts_thinking=model.starts_thinking,
    )


def _coze_endpoint(bot: BotSettings) -> CozeEndpoint:
    model = bot.model
    return CozeEndpoint(
        base_url=model.base_url,
        token=_key(bot.id, model),
        bot_id=model.bot_id,
        headers=model.headers,
        ask_early=model.ask_early,
    )


def _key(bot_id: str, model: ModelSettings) -> str:
    if not model.api_key_env:
        return model.api_key
    return from_environment(f"bot {bot_id}", "model.api_key_env", model.api_key_env)
