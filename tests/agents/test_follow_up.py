"""Questions that could follow: asked of the bot's model after its answer, and only where they are wanted."""

from contextlib import aclosing
from typing import Any

import pytest

from kouyu.agents.agent import AgentEvent, AgentRequest, ContextMessage, FollowUp, TextDelta, TokenUsage
from kouyu.agents.bot import LanguageModelBot
from kouyu.agents.bot_definition import BotDefinition
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.follow_up import INSTRUCTION, questions_of
from tests.standins.openai_server import OpenAIStandIn, Refuse, Say


async def ask(endpoint: ModelEndpoint, *, wanted: bool = True, **definition: Any) -> list[AgentEvent]:
    bot = LanguageModelBot(BotDefinition(id="7", name="Bot", prompt="", **definition), endpoint)
    question = ContextMessage(role="user", content="Why is the sky blue?")
    try:
        async with aclosing(bot.reply(AgentRequest(messages=(question,), follow_up=wanted))) as events:
            return [event async for event in events]
    finally:
        await bot.close()


async def test_questions_follow_the_answer_and_their_tokens_count(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    model.will(Say("Scattering."), Say("1. Why red at dusk?\n", "2. And on Mars?\n\n3. Who found out?\n4. More?"))
    events = await ask(endpoint, follow_up=True)
    assert events == [
        TextDelta("Scattering."),
        FollowUp("Why red at dusk?"),
        FollowUp("And on Mars?"),
        FollowUp("Who found out?"),
        TokenUsage(22, 3),
    ]
    assert [m["content"] for m in model.requests[1].messages] == ["Why is the sky blue?", "Scattering.", INSTRUCTION]


async def test_they_are_asked_for_in_the_bots_own_words(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    model.will(Say("Scattering."), Say("So?"))
    await ask(endpoint, follow_up=True, follow_up_prompt="One question, please.")
    assert model.requests[1].messages[-1]["content"] == "One question, please."


@pytest.mark.parametrize(("wanted", "follow_up"), [(False, True), (True, False)])
async def test_nobody_who_does_not_want_them_pays_for_them(
    model: OpenAIStandIn, endpoint: ModelEndpoint, wanted: bool, follow_up: bool
) -> None:
    model.will(Say("Scattering."))
    assert await ask(endpoint, wanted=wanted, follow_up=follow_up) == [TextDelta("Scattering."), TokenUsage(11, 1)]
    assert len(model.requests) == 1


async def test_a_model_that_fails_here_does_not_spoil_the_answer(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    model.will(Say("Scattering."), Refuse(500, "no"))
    assert await ask(endpoint, follow_up=True) == [TextDelta("Scattering."), TokenUsage(11, 1)]


def test_list_marks_and_quotes_are_no_part_of_a_question() -> None:
    assert questions_of("- One?\n（\n") == ("One?", "（")
    assert questions_of('1、为什么？\n2. "And you?"\n(3) Three?\n') == ("为什么？", "And you?", "Three?")
    assert questions_of("x" * 500) == ()
