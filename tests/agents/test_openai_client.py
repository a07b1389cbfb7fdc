"""The client against a real server that follows a script."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from kouyu.agents.agent import (
    AgentError,
    AgentEvent,
    TextDelta,
    TextWithdrawn,
    ThoughtDelta,
    TokenUsage,
    ToolCallRequest,
)
from kouyu.agents.endpoint import ModelEndpoint
from kouyu.agents.openai_client import OpenAIClient
from kouyu.domain.tool_calls import Function
from tests.standins.openai_server import (
    Hang,
    HangUp,
    OpenAIStandIn,
    Pace,
    Raw,
    ReceivedRequest,
    Refuse,
    Say,
    ToolCallScript,
    call_tools,
    openai_stand_in,
)

QUESTION = [{"role": "user", "content": "How are you?"}]
PATIENCE_S = 20


@pytest.fixture
async def client(endpoint: ModelEndpoint) -> AsyncIterator[OpenAIClient]:
    client = OpenAIClient(endpoint)
    yield client
    await client.close()


async def answer(client: OpenAIClient, **options: Any) -> list[AgentEvent]:
    async with aclosing(client.complete(QUESTION, **options)) as events:
        return [event async for event in events]


async def answer_with(endpoint: ModelEndpoint, **changes: Any) -> list[AgentEvent]:
    client = OpenAIClient(msgspec.structs.replace(endpoint, **changes))
    try:
        return await answer(client)
    finally:
        await client.close()


def text_of(events: list[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}, ensure_ascii=False)


async def test_text_comes_in_pieces_and_the_tokens_spent_come_last(model: OpenAIStandIn, client: OpenAIClient) -> None:
    model.will(Say("Fine,", " thank", " you."))
    assert await answer(client) == [TextDelta("Fine,"), TextDelta(" thank"), TextDelta(" you."), TokenUsage(11, 3)]


async def test_a_piece_is_given_out_before_the_next_is_there(model: OpenAIStandIn, client: OpenAIClient) -> None:
    model.will(Say("one", "two", hang_after=1))
    async with aclosing(client.complete(QUESTION)) as events:
        assert await anext(events) == TextDelta("one")


async def test_what_is_asked_is_what_the_settings_say(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    await answer_with(endpoint, headers={"X-Team": "voice"}, body={"temperature": 0.5, "seed": 3})
    (request,) = model.requests
    assert request.headers["authorization"] == "Bearer sk-secret"
    assert request.headers["x-team"] == "voice"
    assert request.body == {
        "model": "stand-in",
        "messages": QUESTION,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "seed": 3,
    }


async def test_options_of_the_call_take_the_place_of_the_endpoints(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    client = OpenAIClient(msgspec.structs.replace(endpoint, body={"temperature": 0.5, "seed": 3}))
    await answer(client, options={"temperature": 0})
    await client.close()
    assert (model.requests[0].body["temperature"], model.requests[0].body["seed"]) == (0, 3)


async def test_tokens_are_estimated_where_the_server_counts_none(model: OpenAIStandIn, client: OpenAIClient) -> None:
    model.will(Say("Seven characters.", usage=False))
    usage = (await answer(client))[-1]
    assert isinstance(usage, TokenUsage)
    assert 3 < usage.input_tokens < 12
    assert 2 < usage.output_tokens < 8


async def test_stream_options_are_left_out_for_servers_that_refuse_them(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    await answer_with(endpoint, include_usage=False)
    assert "stream_options" not in model.requests[0].body


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
async def test_pings_and_line_ends_do_not_matter(model: OpenAIStandIn, client: OpenAIClient, line_end: str) -> None:
    model.will(Say("a", "b", pings=True, line_end=line_end))
    assert text_of(await answer(client)) == "ab"


async def test_characters_may_be_cut_between_packets(model: OpenAIStandIn, client: OpenAIClient) -> None:
    greeting = json.dumps(
        {"choices": [{"delta": {"content": "你好\u2028"}, "finish_reason": "stop"}]}, ensure_ascii=False
    )
    stream = f"data: {greeting}\n\ndata: [DONE]\n\n".encode()
    model.will(Raw(tuple(bytes([byte]) for byte in stream)))
    assert text_of(await answer(client)) == "你好\u2028"


async def test_an_end_without_done_is_an_end_when_there_was_a_finish_reason(
    model: OpenAIStandIn, client: OpenAIClient
) -> None:
    model.will(Raw((f"data: {chunk({'content': 'Hi'}, 'stop')}".encode(),)))
    assert text_of(await answer(client)) == "Hi"


async def test_a_server_that_does_not_stream_is_understood(model: OpenAIStandIn, client: OpenAIClient) -> None:
    body = {"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}
    model.will(Raw((json.dumps(body).encode(),), content_type="application/json"))
    assert text_of(await answer(client)) == "Hi"


async def test_what_the_model_thinks_is_not_said(model: OpenAIStandIn, client: OpenAIClient) -> None:
    model.will(Say("<thi", "nk>hmm</think>", "\nFour.", thoughts=("Two", " and two")))
    events = await answer(client)
    assert text_of(events) == "Four."
    assert "".join(event.text for event in events if isinstance(event, ThoughtDelta)) == "Two and twohmm"
    assert events[-1] == TokenUsage(11, 5)


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning": "plan"},
        {"reasoning_content": "plan"},
        {"reasoning": "plan", "reasoning_content": "plan"},
        {"reasoning": {"content": "plan"}},
        {"reasoning_details": [{"type": "reasoning.text", "text": "plan", "index": 0}]},
        {"thinking": "plan"},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "plan"}]}]},
        {"content": [{"type": "reasoning", "text": "plan"}]},
        {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "plan"}]}]},
        {"reasoning": "plan", "content": "<think>plan</think>"},
        {"content": "<think>plan</think>", "reasoning_content": None, "tool_calls": None},
    ],
)
async def test_thoughts_are_taken_once_from_whichever_field_has_them(
    model: OpenAIStandIn, client: OpenAIClient, delta: dict[str, Any]
) -> None:
    said: list[dict[str, Any]] = [
        {"content": "Hello "},
        {"content": [{"type": "text", "text": "there"}, {"type": "output_text", "text": "."}]},
    ]
    lines = [chunk(delta), *(chunk(each) for each in said), chunk({}, "stop"), "[DONE]"]
    model.will(Raw(tuple(f"data: {line}\n\n".encode() for line in lines)))
    events = await answer(client)
    assert text_of(events) == "Hello there."
    assert "".join(event.text for event in events if isinstance(event, ThoughtDelta)) == "plan"


async def test_a_model_whose_answers_begin_inside_a_thought_is_found_out(
    model: OpenAIStandIn, client: OpenAIClient
) -> None:
    model.will(
        Say("I should", " greet them.", "\n</think>", "\n\nHello."), Say("Odd words", "</think>", "Bye.", hang_after=3)
    )
    assert text_of(await answer(client)) == "Hello."
    async with aclosing(client.complete(QUESTION)) as events:
        assert await anext(events) == ThoughtDelta("Odd words")
        assert await anext(events) == TextDelta("Bye.")


async def test_text_that_is_told_to_be_a_thought_too_late_is_withdrawn(
    model: OpenAIStandIn, client: OpenAIClient
) -> None:
    model.will(Say("Odd", " words", "\n</think>\nBye."))
    said = [TextDelta("Odd"), TextDelta(" words")]
    withdrawn = [TextWithdrawn(9), ThoughtDelta("Odd words\n"), TextDelta("Bye.")]
    assert (await answer(client))[:-1] == [*said, *withdrawn]


async def test_an_answer_that_begins_like_a_thought_waits_only_while_nothing_is_known(
    model: OpenAIStandIn, client: OpenAIClient
) -> None:
    model.will(Say("I should", " say four."), Say("I should", " say five.", hang_after=1))
    assert text_of(await answer(client)) == "I should say four."
    async with aclosing(client.complete(QUESTION)) as events:
        assert await anext(events) == TextDelta("I should")


async def test_a_call_in_the_text_is_a_call_of_a_tool_that_is_offered(
    model: OpenAIStandIn, client: OpenAIClient, caplog: pytest.LogCaptureFixture
) -> None:
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    text = '<tool_call>\n{"name": "%s", "arguments": {"city": "Paris"}}\n</tool_call>'
    model.will(Say("Let me look. ", text % "weather"), Say(text % "stocks"), Say(text % "weather"))
    said, request, _ = await answer(client, tools=tools)
    assert said == TextDelta("Let me look. ")
    assert isinstance(request, ToolCallRequest)
    assert [call.function for call in request.calls] == [Function("weather", '{"city":"Paris"}')]
    assert request.calls[0].id
    (usage,) = await answer(client, tools=tools)
    assert isinstance(usage, TokenUsage)
    assert "'stocks'" in caplog.text
    assert "Paris" not in caplog.text
    (usage,) = await answer(client, tools=tools, options={"tool_choice": "none"})
    assert isinstance(usage, TokenUsage)


async def test_streamed_tool_calls_are_put_together(model: OpenAIStandIn, client: OpenAIClient) -> None:
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    model.will(
        call_tools(
            ToolCallScript("weather", '{"city": "Paris"}', id="call_a"),
            ToolCallScript("weather", '{"city": "北京"}', id="call_b"),
        )
    )
    request, usage = await answer(client, tools=tools)
    assert isinstance(request, ToolCallRequest)
    assert [(call.id, call.function.name, call.function.arguments) for call in request.calls] == [
        ("call_a", "weather", '{"city": "Paris"}'),
        ("call_b", "weather", '{"city": "北京"}'),
    ]
    assert isinstance(usage, TokenUsage)
    assert model.requests[0].body["tools"] == tools


async def test_two_calls_with_one_id_get_ids_of_their_own(model: OpenAIStandIn, client: OpenAIClient) -> None:
    model.will(call_tools(ToolCallScript("weather", "{}", id="call_0"), ToolCallScript("time", "{}", id="call_0")))
    (asked, _) = await answer(client)
    assert isinstance(asked, ToolCallRequest)
    assert [call.function.name for call in asked.calls] == ["weather", "time"]
    assert len({call.id for call in asked.calls}) == 2


async def test_tool_calls_without_index_or_id_are_understood(model: OpenAIStandIn, client: OpenAIClient) -> None:
    deltas: list[dict[str, Any]] = [
        {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": '{"x":'}}]},
        {"tool_calls": [{"function": {"arguments": "1}"}}]},
        {"tool_calls": [{"id": "b", "function": {"name": "g", "arguments": {"y": 2}}}]},
    ]
    lines = [chunk(delta) for delta in deltas] + [chunk({}, "stop"), "[DONE]"]
    model.will(Raw(tuple(f"data: {line}\n\n".encode() for line in lines)))
    request = (await answer(client))[0]
    assert isinstance(request, ToolCallRequest)
    assert [(call.id, call.function.name, call.function.arguments) for call in request.calls] == [
        ("a", "f", '{"x":1}'),
        ("b", "g", '{"y":2}'),
    ]


async def test_closing_the_answer_hangs_up_at_once(model: OpenAIStandIn, client: OpenAIClient) -> None:
    model.will(Say(*["word "] * 1000, pace=Pace(between_s=0.01)))
    events = client.complete(QUESTION)
    await anext(events)
    await events.aclose()
    (request,) = model.requests
    async with asyncio.timeout(PATIENCE_S):
        await request.hung_up.wait()
    assert request.chunks_sent < 100


@pytest.mark.parametrize("answer_of_model", [Hang(), Say("one", hang_after=0)])
async def test_cancelling_who_waits_hangs_up(
    model: OpenAIStandIn, client: OpenAIClient, answer_of_model: Hang | Say
) -> None:
    model.will(answer_of_model)
    waiting = asyncio.create_task(answer(client))
    async with asyncio.timeout(PATIENCE_S):
        request = await model.arrival()
        waiting.cancel()
        await asyncio.wait({waiting})
        await request.hung_up.wait()
    assert waiting.cancelled()


@pytest.mark.parametrize(
    ("status", "words", "told"),
    [
        (400, "bad field", "it refused the request (HTTP 400): the server log says why"),
        (401, "no such key", "it refused the request (HTTP 401): the operator has to check its key"),
        (429, "slow down", "it refused the request (HTTP 429): it is too busy, try again in a moment"),
        (500, "out of order", "it failed (HTTP 500): try again in a moment"),
    ],
)
async def test_a_refusal_is_reported_in_plain_words_and_its_detail_is_in_the_log(
    model: OpenAIStandIn, client: OpenAIClient, status: int, words: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    model.will(Refuse(status, words))
    with pytest.raises(AgentError) as raised:
        await answer(client)
    assert str(raised.value) == f"Language model stand-in: {told}"
    assert f"language model stand-in at {model.base_url}: HTTP {status}: {words}" in caplog.text
    assert len(model.requests) == 1


async def test_neither_the_api_key_nor_what_was_said_is_told_or_logged(
    model: OpenAIStandIn, client: OpenAIClient, endpoint: ModelEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    model.will(Refuse(401, "sk-secret is not known"))
    with pytest.raises(AgentError) as told:
        await answer(client)
    assert "secret" not in f"{told.value} {endpoint!r} {caplog.text}"
    assert "*** is not known" in caplog.text
    said = "My password is a blue elephant."
    model.will(Refuse(400, f"this input is not allowed: {said[:-5]}"))
    with pytest.raises(AgentError):
        _ = [event async for event in client.complete([{"role": "user", "content": said}])]
    assert "password" not in caplog.text
    assert "it repeats what was said" in caplog.text


async def test_an_error_in_the_stream_is_reported(
    model: OpenAIStandIn, client: OpenAIClient, caplog: pytest.LogCaptureFixture
) -> None:
    model.will(Raw((b'data: {"error": {"message": "overloaded", "code": 500}}\n\n',)))
    with pytest.raises(AgentError, match="it failed while it answered"):
        await answer(client)
    assert "overloaded" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        *(b"data: <html>\n\n", b'data: {"choices": 3}\n\n', b"data: \xff\n\n"),
        b'data: {"more": ' + b"[" * 5000 + b"\n\n",
    ],
)
async def test_nonsense_is_an_error(model: OpenAIStandIn, client: OpenAIClient, body: bytes) -> None:
    model.will(Raw((body,)))
    with pytest.raises(AgentError, match="not a chat completion"):
        await answer(client)


async def test_an_empty_stream_is_an_error(model: OpenAIStandIn, client: OpenAIClient) -> None:
    model.will(Raw((b": nothing\n\n",), content_type="text/html"))
    with pytest.raises(AgentError, match="broke off"):
        await answer(client)


async def test_a_server_that_dies_in_the_middle_is_an_error(model: OpenAIStandIn, client: OpenAIClient) -> None:
    model.will(Say("one", " two", die_after=1))
    events = client.complete(QUESTION)
    assert await anext(events) == TextDelta("one")
    with pytest.raises(AgentError, match="broke off"):
        await anext(events)
    assert len(model.requests) == 1


async def test_a_reset_before_the_first_byte_is_tried_once_more(model: OpenAIStandIn, client: OpenAIClient) -> None:
    model.will(HangUp(), Say("Hello"))
    assert text_of(await answer(client)) == "Hello"
    model.will(HangUp(), HangUp(), Say("never"))
    with pytest.raises(AgentError, match="hung up"):
        await answer(client)
    assert len(model.requests) == 4


async def test_a_server_that_comes_back_in_time_is_waited_for(endpoint: ModelEndpoint) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    changes: dict[str, Any] = {"base_url": f"http://127.0.0.1:{port}/v1", "reconnect_s": 10.0}
    asking = asyncio.create_task(answer_with(endpoint, **changes))
    await asyncio.sleep(0.3)
    async with openai_stand_in(port=port) as model:
        model.will(Refuse(503, "Loading model"), Say("Here I am."))
        assert text_of(await asking) == "Here I am."


async def test_an_unreachable_server_is_an_error(endpoint: ModelEndpoint, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(AgentError, match="it cannot be reached") as told:
        await answer_with(endpoint, base_url=f"http://user:pass@127.0.0.1:{port}/v1")
    assert "127.0.0.1" not in str(told.value)
    assert f"http://127.0.0.1:{port}/v1" in caplog.text
    assert "pass" not in caplog.text


@pytest.mark.parametrize("slow", [Hang(), Say("late", hang_after=0, pings=True)])
async def test_pings_do_not_stand_for_a_first_token(
    model: OpenAIStandIn, endpoint: ModelEndpoint, slow: Hang | Say
) -> None:
    model.will(slow)
    with pytest.raises(AgentError, match=r"no answer within 0\.2 s"):
        await answer_with(endpoint, first_token_timeout_s=0.2)
    async with asyncio.timeout(PATIENCE_S):
        await model.requests[0].hung_up.wait()


async def test_a_model_that_stops_in_the_middle_is_an_error(model: OpenAIStandIn, endpoint: ModelEndpoint) -> None:
    model.will(Say("one ", "two ", hang_after=1, pings=True))
    with pytest.raises(AgentError, match=r"no token for 0\.2 s"):
        await answer_with(endpoint, token_timeout_s=0.2)


async def test_one_connection_serves_answer_after_answer(model: OpenAIStandIn, client: OpenAIClient) -> None:
    for _ in range(3):
        await answer(client)
    assert {request.connection for request in model.requests} == {0}


async def test_without_keep_alive_each_answer_has_its_own_connection(
    model: OpenAIStandIn, endpoint: ModelEndpoint
) -> None:
    client = OpenAIClient(msgspec.structs.replace(endpoint, keep_alive=False))
    for _ in range(2):
        await answer(client)
    await client.close()
    assert {request.connection for request in model.requests} == {0, 1}


async def test_a_wrong_key_is_refused_by_a_server_that_has_one(endpoint: ModelEndpoint) -> None:
    async with openai_stand_in(lambda _: Say("in"), api_key="right") as model:
        assert text_of(await answer_with(endpoint, base_url=model.base_url, api_key="right")) == "in"
        with pytest.raises(AgentError, match="HTTP 401"):
            await answer_with(endpoint, base_url=model.base_url, api_key="wrong")


async def test_a_proxy_is_not_asked_for_a_server_on_this_machine(
    model: OpenAIStandIn, endpoint: ModelEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    model.will(Say("Here."))
    assert text_of(await answer_with(endpoint)) == "Here."


async def test_many_answers_at_once_do_not_mix(endpoint: ModelEndpoint, client: OpenAIClient) -> None:
    def script(request: ReceivedRequest) -> Say:
        return Say(*[str(request.body["seed"])] * 5, pace=Pace(between_s=0.01))

    async with openai_stand_in(script) as model:
        client = OpenAIClient(msgspec.structs.replace(endpoint, base_url=model.base_url))
        answers = await asyncio.gather(*[answer(client, options={"seed": seed}) for seed in range(20)])
        await client.close()
    assert [text_of(each) for each in answers] == [str(seed) * 5 for seed in range(20)]


def _event(text: str) -> bytes:
    return b"data: " + msgspec.json.encode({"choices": [{"delta": {"content": text}}]}) + b"\n\n"


@pytest.mark.parametrize(
    ("sent", "turns"),
    [(_event("[" * 20_000), 30), (_event("[" * 10) * 2_000, 1_500)],
    ids=["one long piece", "many that came together"],
)
async def test_others_run_while_what_came_is_searched_for_marks(
    model: OpenAIStandIn, client: OpenAIClient, sent: bytes, turns: int
) -> None:
    turns_of_others = 0

    async def others() -> None:
        nonlocal turns_of_others
        while True:
            await asyncio.sleep(0)
            turns_of_others += 1

    model.will(Raw((sent + b"data: [DONE]\n\n",)))
    events = client.complete(QUESTION)
    texts = [(await anext(events)).text]  # type: ignore[union-attr]
    running = asyncio.create_task(others())
    texts += [event.text async for event in events if isinstance(event, TextDelta)]
    running.cancel()
    assert "".join(texts) == "[" * 20_000
    assert turns_of_others >= turns
