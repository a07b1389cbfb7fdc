"""``/v3/chat`` without a stream: answered at once, worked on afterwards, asked for again (rest.md 4.1)."""

import asyncio
from typing import Any

import pytest

from kouyu.domain.chats import Chat
from kouyu.serving.overload import ALWAYS
from kouyu.store.chats import INTERRUPTED
from tests.standins.openai_server import Hang, Refuse, Say, ToolCallScript, call_tools
from tests.text_chats.conftest import Writing, asked


def polled(**fields: Any) -> dict[str, Any]:
    return asked(**fields) | {"stream": False}


def ids(chat: dict[str, Any]) -> dict[str, str]:
    """How a request names the chat."""
    return {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}


async def test_the_chat_is_in_progress_at_once_and_can_be_asked_for_until_it_ends(writing: Writing) -> None:
    writing.model.will(Say("Blue."))
    answer = await writing.post("/v3/chat", polled(meta_data={"a": "b"}))
    chat = answer["data"]
    assert (answer["code"], chat["status"]) == (0, "in_progress")
    await writing.until(chat["id"], "completed")
    for method in ("GET", "POST"):
        kept = (await writing.http.request(method, "/v3/chat/retrieve", params=ids(chat))).json()["data"]
        assert (kept["status"], kept["usage"]["token_count"], kept["meta_data"]) == ("completed", 12, {"a": "b"})
        assert kept["last_error"] == {"code": 0, "msg": ""}
    messages = (await writing.http.get("/v3/chat/message/list", params=ids(chat))).json()["data"]
    assert [(each["type"], each["role"]) for each in messages] == [("answer", "assistant"), ("verbose", "assistant")]
    assert messages[0]["content"] == "Blue."


async def test_why_a_chat_failed_is_kept(writing: Writing) -> None:
    writing.model.will(Refuse(500, "it broke"))
    chat = (await writing.post("/v3/chat", polled()))["data"]
    await writing.until(chat["id"], "failed")
    kept = (await writing.post("/v3/chat/retrieve", **ids(chat)))["data"]
    assert kept["last_error"]["code"] == 5000
    assert "it failed (HTTP 500)" in kept["last_error"]["msg"]


async def test_a_cancel_stops_the_model_and_is_on_disk_when_it_is_answered(writing: Writing) -> None:
    writing.model.will(Say("one ", "two ", hang_after=1))
    chat = (await writing.post("/v3/chat", polled()))["data"]
    request = await writing.model.arrival()
    cancelled = await writing.post("/v3/chat/cancel", ids(chat))
    assert (cancelled["code"], cancelled["data"]["status"], cancelled["data"]["id"]) == (0, "canceled", chat["id"])
    assert (await writing.store.of("").chats.get(chat["id"])).status == "canceled"  # type: ignore[union-attr]
    async with asyncio.timeout(10):
        await request.hung_up.wait()
    again = await writing.post("/v3/chat", polled(), conversation_id=chat["conversation_id"])
    assert again["code"] == 0


async def test_a_cancel_ends_a_stream_with_done(writing: Writing) -> None:
    writing.model.will(Say("one ", hang_after=1))
    names = []
    async for name, data in writing.stream("/v3/chat", asked()):
        names.append(name)
        if name == "conversation.message.delta":
            which = {"conversation_id": data["conversation_id"], "chat_id": data["chat_id"]}
            assert (await writing.post("/v3/chat/cancel", which))["data"]["status"] == "canceled"
    assert names[-2:] == ["conversation.message.delta", "done"]


async def test_what_has_ended_cannot_be_canceled(writing: Writing) -> None:
    chat = (await writing.post("/v3/chat", polled()))["data"]
    await writing.until(chat["id"], "completed")
    answer = await writing.http.post("/v3/chat/cancel", json=ids(chat))
    assert (answer.status_code, answer.json()["code"]) == (409, 4104)
    unknown = await writing.http.post("/v3/chat/cancel", json=ids(chat) | {"chat_id": "9"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, 4200)


@pytest.mark.parametrize("path", ["/v3/chat/retrieve", "/v3/chat/submit_tool_outputs"])
async def test_a_chat_that_is_not_there_is_reported(writing: Writing, path: str) -> None:
    conversation_id = (await writing.post("/v1/conversation/create"))["data"]["id"]
    body = {"tool_outputs": [{"tool_call_id": "1", "output": "x"}]}
    answer = await writing.http.post(path, params={"conversation_id": conversation_id, "chat_id": "9"}, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, 4200)
    assert (await writing.post(path, body, conversation_id=conversation_id))["code"] == 4000


async def test_a_server_that_stops_fails_what_runs(writing: Writing) -> None:
    writing.model.will(Hang())
    chat = (await writing.post("/v3/chat", polled()))["data"]
    await writing.chats.end()
    kept = await writing.store.of("").chats.get(chat["id"])
    assert kept is not None
    assert (kept.status, kept.last_error) == ("failed", INTERRUPTED)
    assert (await writing.post("/v3/chat", polled()))["code"] == 4009


async def test_an_overloaded_server_begins_no_further_chat(writing: Writing) -> None:
    writing.model.will(*[Hang()] * ALWAYS)
    for _ in range(8):
        writing.overload.answered(5.0)
    for _ in range(ALWAYS):
        assert (await writing.post("/v3/chat", polled()))["code"] == 0
    answer = await writing.http.post("/v3/chat", json=polled())
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "5", 4009)
    assert writing.chats.refused == {"overloaded": 1}


async def test_a_conversation_that_is_deleted_takes_its_chats_along(writing: Writing) -> None:
    writing.model.will(Hang())
    chat = (await writing.post("/v3/chat", polled()))["data"]
    await writing.model.arrival()
    answer = await writing.http.delete(f"/v1/conversations/{chat['conversation_id']}")
    assert answer.json()["code"] == 0
    async with asyncio.timeout(10):
        await writing.model.requests[0].hung_up.wait()
    assert await writing.store.of("").chats.get(chat["id"]) is None


async def test_a_chat_may_end_while_its_conversation_is_being_deleted(writing: Writing) -> None:
    writing.model.will(call_tools(ToolCallScript("weather", "{}")), Hang())
    first = (await writing.post("/v3/chat", polled(bot_id="tools")))["data"]
    await writing.until(first["id"], "requires_action")
    conversation_id = first["conversation_id"]
    second = (await writing.post("/v3/chat", polled(), conversation_id=conversation_id))["data"]
    cancelled, _ = await asyncio.gather(
        writing.chats.cancel("", conversation_id, second["id"]), writing.chats.forget("", conversation_id)
    )
    assert cancelled.status == "canceled"
    kept = await writing.store.of("").chats.get(first["id"])
    assert kept is not None
    assert kept.status == "failed"


async def test_a_chat_that_is_spoken_runs_in_the_conversation_too(writing: Writing) -> None:
    conversation_id = (await writing.post("/v1/conversation/create"))["data"]["id"]
    spoken = Chat(
        id="7",
        conversation_id=conversation_id,
        bot_id="plain",
        created_at=1,
        status="in_progress",
        section_id=conversation_id,
    )
    await writing.store.of("").chats.put(spoken)
    assert (await writing.post("/v3/chat", polled(), conversation_id=conversation_id))["code"] == 4016
    assert (await writing.post("/v3/chat/cancel", {"conversation_id": conversation_id, "chat_id": "7"}))["code"] == 4104
