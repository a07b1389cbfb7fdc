import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from kouyu.agents.agent import AgentError, AgentRequest, ContextMessage, TextDelta, TokenUsage, ToolCallRequest
from kouyu.agents.coze_bot import CozeBot, CozeEndpoint
from kouyu.domain.options import AnswerOptions
from kouyu.domain.tool_calls import ToolOutput
from kouyu.domain.tool_round import ToolRound
from tests.standins.coze_server import TOKEN, Answer, CozeStandIn, Fail, Refuse, Tools, coze_stand_in


@pytest.fixture
async def coze() -> AsyncIterator[CozeStandIn]:
    async with coze_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
async def brain(coze: CozeStandIn) -> AsyncIterator[CozeBot]:
    asked = CozeBot(CozeEndpoint(base_url=coze.base_url, token=TOKEN, bot_id="7", timeout_s=5))
    yield asked
    await asked.close()


def request(*texts: str, **fields: Any) -> AgentRequest:
    """Texts of user and assistant in turn."""
    roles = ("user", "assistant")
    messages = tuple(ContextMessage(role=roles[n % 2], content=text) for n, text in enumerate(texts))  # type: ignore[arg-type]
    return AgentRequest(messages=messages, conversation_id="c", **fields)


async def ask(brain: CozeBot, asked: AgentRequest) -> list[Any]:
    return [event async for event in brain.reply(asked) if event != TextDelta("")]


async def test_the_bot_answers_in_pieces(coze: CozeStandIn, brain: CozeBot) -> None:
    coze.will(Answer("Hello", " there."))
    assert await ask(brain, request("Hi")) == [TextDelta("Hello"), TextDelta(" there."), TokenUsage(20, 10)]


async def test_it_is_told_the_section_the_user_and_the_variables(coze: CozeStandIn, brain: CozeBot) -> None:
    coze.will(Answer("Fine."))
    fields = {"custom_variables": {"a": "b"}, "extra_params": {"latitude": "1"}, "parameters": {"p": 1}}
    await ask(brain, request("Hi", "Hello.", "How are you?", user_id="ada", **fields))
    body = coze.requests[0].body
    assert [(each["role"], each["content"]) for each in body["additional_messages"]] == [
        ("user", "Hi"),
        ("assistant", "Hello."),
        ("user", "How are you?"),
    ]
    assert (body["bot_id"], body["user_id"], body["stream"], body["auto_save_history"]) == ("7", "ada", True, False)
    assert {name: body[name] for name in fields} == fields


async def test_instructions_and_system_messages_become_words_of_the_user(coze: CozeStandIn, brain: CozeBot) -> None:
    coze.will(Answer("Arr."))
    messages = (
        ContextMessage(role="system", content="She is Ann."),
        ContextMessage(role="assistant", content="Hello."),
    )
    await ask(brain, AgentRequest(messages=messages, options=AnswerOptions(instructions="Be a pirate.")))
    sent = [(each["role"], each["type"], each["content"]) for each in coze.requests[0].body["additional_messages"]]
    assert sent == [
        ("user", "question", "[Instructions: Be a pirate.]"),
        ("user", "question", "[Instructions: She is Ann.]"),
        ("assistant", "answer", "Hello."),
        ("user", "question", "…"),
    ]


async def test_tools_it_asks_for_run_at_the_client_and_the_chat_continues(coze: CozeStandIn, brain: CozeBot) -> None:
    coze.will(Tools(("t1", "weather", '{"city":"Paris"}')), Answer("Sunny."))
    (wanted,) = await ask(brain, request("Weather?"))
    assert isinstance(wanted, ToolCallRequest)
    assert wanted.calls[0].function.arguments == '{"city":"Paris"}'
    given = ToolRound(calls=wanted.calls, outputs=(ToolOutput(tool_call_id="t1", output="sun"),))
    assert (await ask(brain, request("Weather?", tool_rounds=(given,))))[0] == TextDelta("Sunny.")
    submitted = coze.requests[1]
    assert (submitted.path, submitted.query) == (
        "/v3/chat/submit_tool_outputs",
        {"conversation_id": "conv9", "chat_id": "chat9"},
    )
    assert submitted.body == {"stream": True, "tool_outputs": [{"tool_call_id": "t1", "output": "sun"}]}


async def test_it_is_not_asked_before_the_turn_is_certain(coze: CozeStandIn, brain: CozeBot) -> None:
    certain, waited_for = asyncio.Event(), asyncio.Event()

    async def committed() -> None:
        waited_for.set()
        await certain.wait()

    coze.will(Answer("Yes."))
    asking = asyncio.create_task(ask(brain, request("Hi", committed=committed)))
    await waited_for.wait()
    assert coze.requests == []
    certain.set()
    assert (await asking)[0] == TextDelta("Yes.")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Fail(5000, "it broke"), r"the chat failed \(code 5000\)"),
        (Refuse(400, 4015, "not published"), r"it refused the request \(code 4015\)"),
        (Refuse(502, 0, ""), "HTTP 502"),
    ],
)
async def test_its_errors_are_reported_and_their_words_are_in_the_log(
    coze: CozeStandIn, brain: CozeBot, answer: Any, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    coze.will(answer)
    with pytest.raises(AgentError, match=told) as raised:
        await ask(brain, request("Hi"))
    words = answer.msg or "HTTP 502"
    assert words in caplog.text
    assert not answer.msg or answer.msg not in str(raised.value)


async def test_a_wrong_token_is_reported_without_the_token(coze: CozeStandIn) -> None:
    brain = CozeBot(CozeEndpoint(base_url=coze.base_url, token="pat_wrong", bot_id="7"))
    with pytest.raises(AgentError, match="code 4100") as refused:
        await ask(brain, request("Hi"))
    assert "pat_wrong" not in str(refused.value)
    await brain.close()


async def test_a_server_that_stalls_is_given_up(coze: CozeStandIn) -> None:
    coze.will(Answer("Hello", " there.", hang_after=3))
    brain = CozeBot(CozeEndpoint(base_url=coze.base_url, token=TOKEN, bot_id="7", timeout_s=0.3))
    with pytest.raises(AgentError, match="nothing came"):
        await ask(brain, request("Hi"))
    await brain.close()


async def test_closing_the_reply_hangs_up(coze: CozeStandIn, brain: CozeBot) -> None:
    coze.will(Answer("Hello", " there.", hang_after=3))
    reply = brain.reply(request("Hi"))
    async for event in reply:
        if event == TextDelta("Hello"):
            break
    await reply.aclose()
    async with asyncio.timeout(10):
        await coze.requests[0].hung_up.wait()


async def test_a_server_that_is_not_there_is_reported() -> None:
    brain = CozeBot(CozeEndpoint(base_url="http://127.0.0.1:9", token=TOKEN, bot_id="7"))
    with pytest.raises(AgentError, match="Coze bot 7: it cannot be reached"):
        await ask(brain, request("Hi"))
    await brain.close()
