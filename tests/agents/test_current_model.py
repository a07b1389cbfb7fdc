"""Bots whose model is replaced while they answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from kouyu.agents.agent import AgentRequest, ContextMessage, TextDelta
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition, Example, Guidance
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.endpoint import ModelEndpoint
from tests.standins.openai_server import OpenAIStandIn, Say, openai_stand_in

QUESTION = AgentRequest(messages=(ContextMessage(role="user", content="Which one are you?"),))


@pytest.fixture
async def two() -> AsyncIterator[tuple[OpenAIStandIn, OpenAIStandIn]]:
    async with AsyncExitStack() as stack:
        small, large = [await stack.enter_async_context(openai_stand_in()) for _ in range(2)]
        yield small, large


def asked_model(server: OpenAIStandIn, **guidance: Guidance) -> AskedModel:
    return AskedModel(ModelEndpoint(base_url=server.base_url, model="m", reads_ahead=True), guidance)


async def text_of(bot: LanguageModelBot) -> str:
    return "".join([event.text async for event in bot.reply(QUESTION) if isinstance(event, TextDelta)])


async def test_an_answer_in_progress_is_finished_by_the_model_that_began_it(
    two: tuple[OpenAIStandIn, OpenAIStandIn],
) -> None:
    small, large = two
    small.will(Say("small ", "one"))
    large.will(Say("large one"))
    current = CurrentModel(asked_model(small))
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot"), current)
    reply = bot.reply(QUESTION)
    begun = await anext(reply)
    replaced = asyncio.create_task(current.replace(asked_model(large)))
    await asyncio.sleep(0)  # it begins
    assert await text_of(bot) == "large one"
    assert not replaced.done(), "the former model is kept while it answers"
    rest = [event.text async for event in reply if isinstance(event, TextDelta)]
    assert isinstance(begun, TextDelta)
    assert begun.text + "".join(rest) == "small one"
    await replaced
    await bot.close()
    await current.close()


async def test_an_answer_that_is_given_up_lets_the_former_model_go(two: tuple[OpenAIStandIn, OpenAIStandIn]) -> None:
    small, large = two
    small.will(Say("one ", "two ", hang_after=1))
    current = CurrentModel(asked_model(small))
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot"), current)
    reply = bot.reply(QUESTION)
    await anext(reply)
    replaced = asyncio.create_task(current.replace(asked_model(large)))
    await reply.aclose()
    await replaced
    await bot.close()
    await current.close()


async def test_what_the_former_model_drafted_is_dropped_and_the_new_one_gets_its_own_guidance(
    two: tuple[OpenAIStandIn, OpenAIStandIn],
) -> None:
    small, large = two
    small.will(Say("small draft"))
    large.will(Say("large one"))
    current = CurrentModel(asked_model(small))
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot", prompt=""), current)
    await bot.read_ahead(QUESTION, draft=True)
    await current.replace(asked_model(large, en=Guidance(examples=(Example("Hi", "Hello!"),))))
    assert await text_of(bot) == "large one"
    assert [message["content"] for message in large.requests[0].messages] == ["Hi", "Hello!", "Which one are you?"]
    await bot.close()
    await current.close()
