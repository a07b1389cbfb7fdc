"""Builds the bots of the settings."""

import functools
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import zip_longest

import msgspec

from kouyu.agents.agent import Agent
from kouyu.agents.attachments import Attachments
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition, Example, Guidance
from kouyu.agents.coze_bot import CozeBot, CozeEndpoint
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.embedded.tiered_model import Opening, TieredModel
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.mcp_server import McpServer
from kouyu.agents.server_tools import ServerTools
from kouyu.assembly.secrets import from_environment
from kouyu.settings.bots import BotSettings, ModelSettings
from kouyu.store.bots import BotModel, BotProfile, BotTools
from kouyu.workers.limited import LimitedWorkers


class LanguageModel(msgspec.Struct, frozen=True):
    """A model of the settings, which any bot can use."""

    current: CurrentModel
    definition: BotDefinition
    """The definition of the bot that it was configured for: its sampling."""


class Bots(msgspec.Struct, frozen=True):
    """Agents by bot id, ready to answer."""

    definitions: Mapping[str, BotDefinition]
    agents: Mapping[str, Agent]
    profiles: Mapping[str, BotProfile]
    """The same bots as profiles, in the form that REST uses."""
    models: Mapping[str, LanguageModel]
    """By the id of the bot that they were configured for; bots on a Coze server have none."""
    embedded: TieredModel | None = None
    """The embedded model, if a bot needs it."""
    aliases: Mapping[str, str] = {}
    """Ids of bots by their further ids, under which ``definitions`` and ``agents`` have them too."""


@asynccontextmanager
async def open_bots(
    chosen: tuple[BotSettings, ...],
    *,
    embedded: TieredModel | None = None,
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
        definitions = {bot.id: definition_of(bot) for bot in chosen}
        agents: dict[str, Agent] = {}
        models: dict[str, LanguageModel] = {}
        for bot in chosen:
            definition = definitions[bot.id]
            if bot.model.kind == "coze":
                agents[bot.id] = CozeBot(coze_endpoint_of(bot), attachments=attachments)
                stack.push_async_callback(agents[bot.id].close)
                continue
            if embedded is not None and not bot.model.base_url:
                current = embedded.current
            else:
                current = CurrentModel(AskedModel(endpoint_of(bot)))
                stack.push_async_callback(current.close)
            models[bot.id] = LanguageModel(current, definition)
            tools = ServerTools(
                [(tool_servers or {})[name] for name in bot.mcp_servers], taken=definition.client_tool_names
            )
            agents[bot.id] = LanguageModelBot(
                definition, current, server_tools=tools, attachments=attachments, workers=workers
            )
            stack.push_async_callback(agents[bot.id].close)
        if embedded is not None:
            bots = {bot_id: each for bot_id, each in agents.items() if isinstance(each, LanguageModelBot)}
            asking = {bot_id: bot for bot_id, bot in bots.items() if bot.model is embedded.current}
            cold = [bot for bot_id, bot in asking.items() if bot_id not in warm]
            await embedded.warm_up(
                functools.partial(_openings, list(asking.values())), now=functools.partial(_openings, cold)
            )
        aliases = {alias: bot.id for bot in chosen for alias in bot.aliases}
        yield Bots(
            definitions | {alias: definitions[bot_id] for alias, bot_id in aliases.items()},
            agents | {alias: agents[bot_id] for alias, bot_id in aliases.items()},
            {bot.id: _profile(bot) for bot in chosen},
            models,
            embedded,
            aliases,
        )


async def _openings(bots: Sequence[LanguageModelBot], guidance: Mapping[str, Guidance]) -> Sequence[Opening]:
    """The openings of all bots in all languages: each bot's first one before any bot's second."""
    asked = [[(opening, bot.tools) for opening in await bot.openings(guidance)] for bot in bots]
    return [each for of_bots in zip_longest(*asked) for each in of_bots if each is not None]


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


def definition_of(bot: BotSettings) -> BotDefinition:
    """What a bot of the settings is told and offers."""
    examples = tuple(Example(example.question, example.answer) for example in bot.examples)
    return BotDefinition(
        id=bot.id,
        name=bot.name or bot.id,
        description=bot.description,
        prompt=bot.prompt,
        variables=bot.variables,
        examples=examples,
        prologue=bot.prologue,
        suggested_questions=bot.suggested_questions,
        follow_up=bot.follow_up,
        follow_up_prompt=bot.follow_up_prompt,
        voice_id=bot.voice_id,
        temperature=bot.model.temperature,
        top_p=bot.model.top_p,
        max_tokens=bot.model.max_tokens,
        record_sessions=bot.record_sessions,
        tools=bot.tools,
        max_tool_rounds=bot.max_tool_rounds,
    )


def endpoint_of(bot: BotSettings) -> ModelEndpoint:
    """The language model that the settings name for a bot. Raises AgentError for a key that the environment lacks."""
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
        calculations=model.calculations,
    )


def coze_endpoint_of(bot: BotSettings) -> CozeEndpoint:
    """The bot on a Coze server that the settings name. Raises AgentError for a key that the environment lacks."""
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
