import asyncio
import gzip
import json
from typing import Any

import pytest

from kouyu.agents.agent import AgentError, AgentRequest, ContextMessage, TextDelta
from kouyu.agents.flow_endpoint import FlowEndpoint, FlowEndpointDefinition
from tests.agents.http_server import Asked, http_server, whole

QUESTION = AgentRequest(messages=(ContextMessage(role="user", content="Where is it?"),), user_id="ada")


async def ask(answer: bytes, *, hang: bool = False, **definition: Any) -> tuple[str, Asked]:
    asked: list[Asked] = []

    async def respond(request: Asked, writer: asyncio.StreamWriter) -> None:
        asked.append(request)
        writer.write(answer)
        if hang:
            await writer.drain()
            await asyncio.Event().wait()

    async with http_server(respond) as port:
        flow = FlowEndpoint(FlowEndpointDefinition(id="f", url=f"http://127.0.0.1:{port}/answer", **definition))
        try:
            events = [event async for event in flow.reply(QUESTION)]
        finally:
            await flow.close()
    return "".join(event.text for event in events if isinstance(event, TextDelta)), asked[0]


async def test_it_is_told_the_turn() -> None:
    _, asked = await ask(whole(b"Yes."), parameters={"shop": "north"}, headers={"x-key": "k"})
    body = json.loads(asked.body)
    assert (asked.method, asked.path, asked.headers["x-key"]) == ("POST", "/answer", "k")
    assert (body["parameters"]["USER_INPUT"], body["parameters"]["shop"]) == ("Where is it?", "north")
    assert body["messages"] == [{"role": "user", "content": "Where is it?", "content_type": "text"}]
    assert body["user_id"] == "ada"


async def test_plain_text_is_spoken_as_it_is() -> None:
    assert (await ask(whole("你好".encode(), "content-type: text/plain")))[0] == "你好"


async def test_an_answer_may_come_whole_as_json() -> None:
    assert (await ask(whole(b'{"answer": "Here."}', "content-type: application/json")))[0] == "Here."


async def test_an_answer_may_be_streamed_as_events() -> None:
    events = b'data: {"delta": "He"}\n\ndata: {"delta": "re."}\n\ndata: [DONE]\n\n'
    assert (await ask(whole(events, "content-type: text/event-stream")))[0] == "Here."


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (whole(b'data: {"error": "no such order"}\n\n', "content-type: text/event-stream"), "Flow f: it failed"),
        (whole(b"data: nonsense\n\n", "content-type: text/event-stream"), "not a piece of an answer"),
        (whole(b"[]", "content-type: application/json"), "the answer is not"),
        (
            whole(b'data: {"more": ' + b"[" * 5000 + b"\n\n", "content-type: text/event-stream"),
            "not a piece of an answer",
        ),
        (whole(b'{"answer": "\xff"}', "content-type: application/json"), "the answer is not"),
        (whole(gzip.compress(b"Hi"), "content-encoding: gzip"), "it sent something that cannot be read"),
        (whole(b"", status="500 Oh"), r"it failed \(HTTP 500\)"),
    ],
)
async def test_what_goes_wrong_is_reported(answer: bytes, told: str) -> None:
    with pytest.raises(AgentError, match=told):
        await ask(answer)


async def test_a_flow_that_stalls_is_given_up() -> None:
    with pytest.raises(AgentError, match=r"nothing came for 0\.3 s"):
        await ask(b"HTTP/1.1 200 OK\r\n\r\nHello", hang=True, timeout_s=0.3)


async def test_others_run_between_events_that_came_together() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    events = b'data: {"delta": "a"}\n\n' * 2000 + b"data: [DONE]\n\n"
    assert len((await ask(whole(events, "content-type: text/event-stream")))[0]) == 2000
    counting.cancel()
    assert turns > 2000
