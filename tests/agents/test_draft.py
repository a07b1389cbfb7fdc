"""Drafts: a reply continues what was generated while the question was still being spoken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
import pytest

from kouyu.agents.agent import AgentEvent, AgentRequest, ContextMessage, TextDelta, TokenUsage
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.draft import DRAFT_TOKENS, MOST_DRAFTS
from kouyu.agents.endpoint import ModelEndpoint
from tests.standins.openai_server import OpenAIStandIn, Pace, Refuse, Say, ToolCallScript, call_tools

QUESTION = "What is this?"
FIRST_WORDS = tuple(f" word{number}" for number in range(DRAFT_TOKENS))


@pytest.fixture
async def bot(endpoint: ModelEndpoint) -> AsyncIterator[LanguageModelBot]:
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot", prompt=""), endpoint)
    yield bot
    await bot.close()


def asked(text: str) -> AgentRequest:
    return AgentRequest(messages=(ContextMessage(role="user", content=text),))


async def reply(bot: LanguageModelBot, text: str = QUESTION) -> list[AgentEvent]:
    return [event async for event in bot.reply(asked(text))]


def said(events: list[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_a_draft_continues_where_it_stopped(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    model.will(Say(*FIRST_WORDS, finish_reason="length"), Say(" and", " more.", prompt_tokens=30))
    await bot.read_ahead(asked(QUESTION), draft=True)
    events = await reply(bot)
    drafted, continued = model.requests
    assert drafted.body["max_tokens"] == DRAFT_TOKENS
    assert continued.messages == [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": "".join(FIRST_WORDS)},
    ]
    assert "max_tokens" not in continued.body
    assert said(events) == "".join(FIRST_WORDS) + " and more."
    assert events[-1] == TokenUsage(30 - DRAFT_TOKENS, DRAFT_TOKENS + 2)


async def test_what_is_asked_ahead_of_time_carries_what_its_endpoint_wants(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    quick = msgspec.structs.replace(
        endpoint, body={"careful": True}, ahead_body={"careful": False}, prefill_body={"unfinished": True}
    )
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot", prompt=""), quick)
    model.will(Say("x"), Say(*FIRST_WORDS, finish_reason="length"), Say("more."))
    await bot.read_ahead(asked("What is"), draft=False)
    await bot.read_ahead(asked(QUESTION), draft=True)
    await reply(bot)
    await bot.close()
    sent = [(request.body["careful"], request.body.get("unfinished")) for request in model.requests]
    assert sent == [(False, True), (False, None), (True, None)]


async def test_a_draft_that_says_it_all_is_the_answer(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    model.will(Say("It is", " a pen."))
    await bot.read_ahead(asked(QUESTION), draft=True)
    assert await reply(bot) == [TextDelta("It is"), TextDelta(" a pen."), TokenUsage(11, 2)]
    assert len(model.requests) == 1


async def test_a_draft_is_used_once(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    model.will(Say("It is", " a pen."), Say("A pencil."))
    await bot.read_ahead(asked(QUESTION), draft=True)
    assert [said(await reply(bot)), said(await reply(bot))] == ["It is a pen.", "A pencil."]


async def test_another_question_gets_an_answer_of_its_own(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    model.will(Say("A pen."), Say("Paris."))
    await bot.read_ahead(asked("What is the capital?"), draft=True)
    assert said(await reply(bot, "What is the capital of France?")) == "Paris."


async def test_without_a_draft_the_question_is_only_read(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    await bot.read_ahead(asked(QUESTION), draft=False)
    assert model.requests[0].body["max_tokens"] == 1


async def test_a_reply_reads_along_while_the_draft_is_written(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    model.will(Say("It", " is", " a pen.", pace=Pace(between_s=0.02)))
    writing = asyncio.create_task(bot.read_ahead(asked(QUESTION), draft=True))
    await model.arrival()
    assert said(await reply(bot)) == "It is a pen."
    await writing
    assert len(model.requests) == 1


async def test_a_draft_that_is_broken_off_continues_from_what_there_is(
    model: OpenAIStandIn, bot: LanguageModelBot
) -> None:
    model.will(Say("It", " is", hang_after=2), Say(" a pen."))
    writing = asyncio.create_task(bot.read_ahead(asked(QUESTION), draft=True))
    events = bot.reply(asked(QUESTION))
    await model.arrival()
    first = [await anext(events), await anext(events)]
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    assert said([*first, *[event async for event in events]]) == "It is a pen."
    assert model.requests[1].messages[-1] == {"role": "assistant", "content": "It is"}


async def test_a_draft_that_fails_costs_nothing(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    model.will(Refuse(500, "broken"), Say("A pen."))
    with pytest.raises(Exception, match="HTTP 500"):
        await bot.read_ahead(asked(QUESTION), draft=True)
    assert said(await reply(bot)) == "A pen."


async def test_thoughts_of_a_draft_are_not_output_twice(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    thoughts = tuple("hmm " for _ in range(DRAFT_TOKENS))
    model.will(Say(thoughts=thoughts, finish_reason="length"), Say("A pen.", thoughts=("I see.",)))
    await bot.read_ahead(asked(QUESTION), draft=True)
    thought, text, _ = await reply(bot)
    assert (thought.text, text) == ("I see.", TextDelta("A pen."))  # type: ignore[union-attr]
    assert len(model.requests[1].messages) == 1


async def test_half_a_tool_call_is_not_made(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot", prompt="", tools=(tool,)), endpoint)
    half = Say(*FIRST_WORDS[1:], tool_calls=(ToolCallScript("weather", '{"ci'),), finish_reason="length")
    model.will(half, call_tools(ToolCallScript("weather", '{"city": "Paris"}')))
    await bot.read_ahead(asked(QUESTION), draft=True)
    calls = [event for event in await reply(bot) if type(event).__name__ == "ToolCallRequest"]
    assert [call.calls[0].function.arguments for call in calls] == ['{"city": "Paris"}']  # type: ignore[union-attr]
    await bot.close()


async def test_old_drafts_are_forgotten(model: OpenAIStandIn, bot: LanguageModelBot) -> None:
    model.will(*[Say("Draft.")] * (MOST_DRAFTS + 1), Say("New."))
    for number in range(MOST_DRAFTS + 1):
        await bot.read_ahead(asked(f"Question {number}?"), draft=True)
    assert said(await reply(bot, "Question 0?")) == "New."
    assert said(await reply(bot, "Question 1?")) == "Draft."
