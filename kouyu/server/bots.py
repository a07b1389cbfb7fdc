"""The bots of the settings, and the embedded language model where one of them needs it."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from kouyu.agents.agent import AgentError, AgentRequest, ContextMessage
from kouyu.agents.bot import BotDefinition, Example, LanguageModelBot
from kouyu.agents.embedded_model import EXAMPLES, EmbeddedModel
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.settings.bots import BotSettings, ModelSettings


class Bots(msgspec.Struct, frozen=True):
    """Who answers, by bot id; ready to."""

    definitions: Mapping[str, BotDefinition]
    agents: Mapping[str, LanguageModelBot]


def needs_embedded_model(bots: tuple[BotSettings, ...]) -> bool:
    """True when a bot has no endpoint of its own."""
    return any(not bot.model.base_url for bot in bots)


@asynccontextmanager
async def open_bots(chosen: tuple[BotSettings, ...]) -> AsyncIterator[Bots]:
    """The bots, the embedded model started and warmed up where needed; closed when the block ends.

    Raises AgentError for a prompt that is not well formed, a key that is missing from the environment, or an embedded
    model that does not start; MissingWeights.
    """
    async with AsyncExitStack() as stack:
        embedded: EmbeddedModel | None = None
        if needs_embedded_model(chosen):
            embedded = EmbeddedModel()
            stack.push_async_callback(embedded.close)
            await embedded.start()
        definitions = {bot.id: _definition(bot, embedded) for bot in chosen}
        agents: dict[str, LanguageModelBot] = {}
        for bot_id, definition in definitions.items():
            agents[bot_id] = LanguageModelBot(definition)
            stack.push_async_callback(agents[bot_id].close)
        if embedded is not None:
            await asyncio.gather(
                *(embedded.warm_up(_opening(agents[bot.id])) for bot in chosen if not bot.model.base_url)
            )
        yield Bots(definitions, agents)


def _opening(agent: LanguageModelBot) -> list[dict[str, object]]:
    return agent.opening(AgentRequest(messages=(ContextMessage(role="user", content=""),)))


def _definition(bot: BotSettings, embedded: EmbeddedModel | None) -> BotDefinition:
    examples = tuple(Example(example.question, example.answer) for example in bot.examples)
    if bot.model.base_url or embedded is None:
        endpoint = _endpoint(bot)
    else:
        endpoint = embedded.endpoint
        examples = examples or EXAMPLES
    return BotDefinition(
        id=bot.id,
        name=bot.name or bot.id,
        model=endpoint,
        description=bot.description,
        prompt=bot.prompt,
        variables=bot.variables,
        examples=examples,
        prologue=bot.prologue,
        suggested_questions=bot.suggested_questions,
        voice_id=bot.voice_id,
        temperature=bot.model.temperature,
        top_p=bot.model.top_p,
        max_tokens=bot.model.max_tokens,
        tools=bot.tools,
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
    )


def _key(bot_id: str, model: ModelSettings) -> str:
    if not model.api_key_env:
        return model.api_key
    key = os.environ.get(model.api_key_env)
    if not key:
        raise AgentError(f"bot {bot_id}: the environment variable {model.api_key_env} (model.api_key_env) is not set")
    return key
