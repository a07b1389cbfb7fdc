"""Two servers on one PostgreSQL database: a chat that one runs is cancelled and continued through the other."""

import asyncio
from typing import Any

from kouyu.domain.ids import server_of
from kouyu.store.server_writes import FailAbandoned
from tests.standins.openai_server import Say, ToolCallScript, call_tools
from tests.text_chats.conftest import Writing, asked

WEATHER = ToolCallScript("weather", '{"city": "Paris"}')
OUTPUTS = [{"tool_call_id": WEATHER.id, "output": "sunny"}]
Two = tuple[Writing, Writing]


async def begun(server: Writing, **fields: Any) -> dict[str, str]:
    """How a request names a chat that the server has begun, without a stream."""
    chat = (await server.post("/v3/chat", asked(stream=False, **fields)))["data"]
    return {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}


async def waiting_for_tools(server: Writing, answer: Say | None = None) -> dict[str, str]:
    """A chat of the server that waits for its client's tools."""
    server.model.will(call_tools(WEATHER), answer or Say("It is sunny."))
    which = await begun(server, bot_id="tools")
    await server.until(which["chat_id"], "requires_action")
    return which


async def test_a_chat_is_cancelled_through_the_other_server(two_writing: Two) -> None:
    first, second = two_writing
    first.model.will(Say("Once upon a time", " there was", hang_after=1))
    which = await begun(first)
    assert server_of(which["chat_id"]) == first.store.ids.server
    cancelled = await second.post("/v3/chat/cancel", which)
    assert (cancelled["code"], cancelled["data"]["status"]) == (0, "canceled")
    assert not first.chats.tasks
    again = await second.post("/v3/chat/cancel", which)
    assert (again["code"], "it is canceled" in again["msg"]) == (4104, True)


async def test_a_stream_continues_through_the_other_server(two_writing: Two) -> None:
    first, second = two_writing
    which = await waiting_for_tools(first)
    body = {"tool_outputs": OUTPUTS, "stream": True}
    events = await second.events("/v3/chat/submit_tool_outputs", body, **which)
    names = [name for name, _ in events]
    assert (names[0], names[-2:]) == ("conversation.chat.in_progress", ["conversation.chat.completed", "done"])
    deltas = [data["content"] for name, data in events if name == "conversation.message.delta"]
    assert "".join(deltas) == "It is sunny."
    assert (await second.until(which["chat_id"], "completed")).usage


async def test_outputs_without_a_stream_and_wrong_ones_are_answered_as_by_the_server_itself(two_writing: Two) -> None:
    first, second = two_writing
    which = await waiting_for_tools(first)
    wrong = {"tool_outputs": [{"tool_call_id": "nobody", "output": "x"}], "stream": True}
    by_second = await second.post("/v3/chat/submit_tool_outputs", wrong, **which)
    by_first = await first.post("/v3/chat/submit_tool_outputs", wrong, **which)
    assert (by_second["code"], by_second["msg"]) == (by_first["code"], by_first["msg"])
    answer = await second.post("/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS}, **which)
    assert answer["data"]["status"] == "in_progress"
    await second.until(which["chat_id"], "completed")


async def test_a_client_that_hangs_up_at_the_other_server_ends_its_chat(two_writing: Two) -> None:
    first, second = two_writing
    which = await waiting_for_tools(first, Say("It is", " sunny", hang_after=1))
    body = {"tool_outputs": OUTPUTS, "stream": True}
    events = second.stream("/v3/chat/submit_tool_outputs", body, **which)
    async for name, _ in events:
        if name == "conversation.message.delta":
            break
    await events.aclose()
    await second.until(which["chat_id"], "canceled")


async def test_of_a_server_that_does_not_answer_the_client_is_told_to_try_again(two_writing: Two) -> None:
    first, second = two_writing
    which = await waiting_for_tools(first)
    assert first.store.lease is not None
    await first.store.lease.announce("http://127.0.0.1:9")
    answer = await second.http.post("/v3/chat/submit_tool_outputs", params=which, json={"tool_outputs": OUTPUTS})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "does not answer" in answer.json()["msg"]


async def test_of_a_server_that_is_gone_its_chats_are_failed(two_writing: Two) -> None:
    first, second = two_writing
    which = await waiting_for_tools(first)
    assert first.store.lease is not None
    await first.store.lease.leave()  # as after a lease that ran out
    assert await second.store._database.write_one(FailAbandoned(7)) == 1
    answer = await second.post("/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS}, **which)
    assert (answer["code"], "it is failed" in answer["msg"]) == (4000, True)
    cancel = await second.post("/v3/chat/cancel", which)
    assert (cancel["code"], "it is failed" in cancel["msg"]) == (4104, True)


async def test_a_request_for_the_server_that_had_an_address_before_is_refused(two_writing: Two) -> None:
    first, second = two_writing
    which = await waiting_for_tools(first)
    answer = await first.http.post("/v3/chat/cancel", json=which, headers={"X-Kouyu-Passed-On": "another"})
    assert answer.status_code == 503
    assert second.store.lease is not None
    assert (await second.store.lease.other_that_made(which["chat_id"])) is not None


async def test_the_result_of_a_flow_is_read_through_the_other_server(two_writing: Two) -> None:
    first, second = two_writing
    body = {"workflow_id": "orders", "parameters": {"USER_INPUT": "shoes"}, "is_async": True}
    run_id = (await first.post("/v1/workflow/run", body))["execute_id"]
    path = f"/v1/workflows/orders/run_histories/{run_id}"
    async with asyncio.timeout(20):
        while (await second.http.get(path)).json()["data"][0]["execute_status"] == "Running":  # noqa: ASYNC110 - it ends in the server
            await asyncio.sleep(0.01)
    assert "You asked shoes" in (await second.http.get(path)).json()["data"][0]["output"]
