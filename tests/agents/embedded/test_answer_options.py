"""The embedded model under options of an answer: its own server, prompts and markup."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from kouyu.agents.agent import AgentRequest, AnswerCut, ContextMessage, TextDelta, TokenUsage, ToolCallRequest
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.current_model import AskedModel, CurrentModel
from kouyu.agents.embedded.model import EmbeddedModel
from kouyu.agents.embedded.tiers import TINY
from kouyu.domain.options import AnswerOptions, ToolDefinition

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = ToolDefinition(name="get_weather", description="The weather in a city.", parameters=CITY)
NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}
MUSIC = ToolDefinition(name="stop_music", description="Stops the music.", parameters=NOTHING)


@pytest.fixture
async def bot() -> AsyncIterator[LanguageModelBot]:
    model = EmbeddedModel(TINY.model_file())
    await model.start()
    current = CurrentModel(AskedModel(model.endpoint, TINY.prompts.guidance, model.place))
    made = LanguageModelBot(BotDefinition(id="7", name="Bot"), current)
    yield made
    await made.close()
    await current.close()
    await model.close()


async def ask(bot: LanguageModelBot, *said: tuple[Any, str], **options: Any) -> list[Any]:
    messages = tuple(ContextMessage(role=role, content=content) for role, content in said)
    request = AgentRequest(messages=messages, conversation_id="c", options=AnswerOptions(**options))
    return [event async for event in bot.reply(request)]


def text(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta)).strip()


@pytest.mark.models
async def test_the_embedded_model_follows_options(bot: LanguageModelBot) -> None:
    weather = ("user", "What is the weather in Rome?")

    required = await ask(bot, weather, tools=(WEATHER, MUSIC), tool_choice="required")
    (calls,) = [event.calls for event in required if isinstance(event, ToolCallRequest)]
    assert calls[0].function.name in ("get_weather", "stop_music")

    named = await ask(bot, weather, tools=(WEATHER, MUSIC), tool_choice="stop_music")
    (calls,) = [event.calls for event in named if isinstance(event, ToolCallRequest)]
    assert calls[0].function.name == "stop_music"

    none = await ask(bot, weather, tools=(WEATHER,), tool_choice="none")
    assert not [event for event in none if isinstance(event, ToolCallRequest)]

    cut = await ask(bot, ("user", "Count from one to twenty."), max_output_tokens=5)
    assert [event for event in cut if isinstance(event, AnswerCut)]
    assert isinstance(cut[-1], TokenUsage)
    assert cut[-1].output_tokens == 5

    for without_a_question in (
        await ask(bot, instructions="You are a waiter. Greet the guest."),
        await ask(bot, ("system", "The user is a guest."), ("user", "Hi"), ("assistant", "Hello. How are you?")),
    ):
        assert text(without_a_question)
