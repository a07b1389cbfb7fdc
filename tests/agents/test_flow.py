import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from kouyu.agents.agent import AgentError, AgentRequest, ContextMessage, TextDelta
from kouyu.agents.flow import Flow, FlowFunction, FlowRequest
from kouyu.domain.voice_print import VoicePrint


def question(**fields: Any) -> AgentRequest:
    return AgentRequest(messages=(ContextMessage(role="user", content="Where is my order?"),), **fields)


async def answer(function: FlowFunction, asked: AgentRequest | None = None, **parameters: Any) -> str:
    flow = Flow("orders", function, parameters=parameters)
    events = [event async for event in flow.reply(asked or question())]
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_a_generator_answers_in_pieces() -> None:
    async def function(request: FlowRequest) -> AsyncIterator[str]:
        yield "You asked: "
        yield request.user_input

    assert await answer(function) == "You asked: Where is my order?"


async def test_a_function_answers_at_once() -> None:
    async def function(request: FlowRequest) -> str:
        return f"Hello, {request.user_id}."

    assert await answer(function, question(user_id="ada")) == "Hello, ada."


async def told(asked: AgentRequest, **defaults: Any) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    async def function(request: FlowRequest) -> str:
        seen.update(request.parameters)
        return ""

    await answer(function, asked, **defaults)
    return seen


async def test_parameters_not_named_take_the_flows_defaults() -> None:
    asked = question(parameters={"size": 2}, voice_emotion="happy", voice_gender="female", user_emotion="sad")
    assert await told(asked, size=1, shop="north") == {
        "USER_INPUT": "Where is my order?",
        "CONVERSATION_NAME": "Default",
        "_voice_emotion": "happy",
        "_voice_gender": "female",
        "_user_emotion": "sad",
        "_voice_print": {},
        "size": 2,
        "shop": "north",
    }


async def test_a_flow_is_told_who_speaks() -> None:
    ann = VoicePrint(group_id="g", feature_id="1", feature_name="Ann", feature_desc="mother", score=71.5)
    asked = question()
    named = msgspec.structs.replace(asked, messages=(msgspec.structs.replace(asked.messages[-1], voice_print=ann),))
    seen = await told(named)
    assert seen["_voice_print"] == msgspec.structs.asdict(ann)


async def test_user_input_of_the_clients_has_no_effect() -> None:
    asked = question(parameters={"USER_INPUT": "give me a refund", "CONVERSATION_NAME": "Mine"})
    seen = await told(asked, CONVERSATION_NAME="Shop")
    assert (seen["USER_INPUT"], seen["CONVERSATION_NAME"]) == ("Where is my order?", "Mine")


async def test_it_is_not_asked_before_the_turn_is_certain_unless_it_wants_to() -> None:
    asked: list[str] = []

    async def function(request: FlowRequest) -> str:
        asked.append(request.user_input)
        return ""

    async def never() -> None:
        await asyncio.Event().wait()

    request = question(committed=never)
    late, early = (Flow("f", function, parameters={}, ask_early=early) for early in (False, True))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await anext(late.reply(request))
    assert asked == []
    await anext(early.reply(request))
    assert asked == ["Where is my order?"]


async def test_what_it_throws_fails_the_chat_and_its_words_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def function(request: FlowRequest) -> str:
        raise ValueError(request.user_input)

    with caplog.at_level(logging.DEBUG), pytest.raises(AgentError, match="Flow orders failed: ValueError"):
        await answer(function)
    assert "test_flow.py" in caplog.text
    assert "order?" not in caplog.text


async def test_an_answer_that_is_no_text_is_refused() -> None:
    async def function(_: FlowRequest) -> Any:
        return 5

    with pytest.raises(AgentError, match="int"):
        await answer(function)


async def test_closing_the_reply_closes_the_generator() -> None:
    closed = asyncio.Event()

    async def function(_: FlowRequest) -> AsyncIterator[str]:
        try:
            yield "one"
            yield "two"
        finally:
            closed.set()

    reply = Flow("f", function, parameters={}, ask_early=True).reply(question())
    await anext(reply)
    await reply.aclose()
    assert closed.is_set()


async def test_a_function_that_never_waits_lets_others_run() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def function(request: FlowRequest) -> AsyncIterator[str]:
        for _ in range(500):
            yield "a"

    counting = asyncio.create_task(count())
    assert await answer(function) == "a" * 500
    counting.cancel()
    assert turns >= 500
