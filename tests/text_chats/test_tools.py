"""Tools in text chats: the client's, which interrupt the stream, and what is shown of them (rest.md 4.2)."""

from typing import Any

import msgspec
import pytest

from tests.standins.openai_server import Say, ToolCallScript, call_tools
from tests.text_chats.conftest import LIMITS, Writing, asked

WEATHER = ToolCallScript("weather", '{"city": "Paris"}')
OUTPUTS = [{"tool_call_id": WEATHER.id, "output": "sunny"}]


async def asked_for_tools(writing: Writing, **fields: Any) -> dict[str, str]:
    """A streamed chat that waits for the client; how a request names it."""
    events = await writing.events("/v3/chat", asked(bot_id="tools", **fields))
    assert [name for name, _ in events][-2:] == ["conversation.chat.requires_action", "done"]
    chat = events[-2][1]
    (call,) = chat["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert chat["required_action"]["type"] == "submit_tool_outputs"
    assert (call["type"], call["function"]) == ("function", {"name": WEATHER.name, "arguments": WEATHER.arguments})
    return {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}


async def test_a_chat_continues_in_a_second_stream(writing: Writing) -> None:
    writing.model.will(Say("Let me look.", tool_calls=(WEATHER,)), Say("It is sunny."))
    which = await asked_for_tools(writing)
    events = await writing.events(
        "/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS, "stream": True, "connector_id": ""}, **which
    )
    names = [name for name, _ in events]
    assert (names[0], names[-2:]) == ("conversation.chat.in_progress", ["conversation.chat.completed", "done"])
    (answer,) = [
        data
        for _, data in events
        if isinstance(data, dict) and data.get("type") == "answer" and data["content"].startswith("Let")
    ]
    assert answer["content"] == "Let me look. It is sunny."
    completed = events[-2][1]
    assert (completed["id"], completed["usage"]["input_count"]) == (which["chat_id"], 22)
    messages = (await writing.http.get("/v3/chat/message/list", params=which)).json()["data"]
    assert [each["type"] for each in messages] == ["function_call", "tool_response", "answer", "verbose"]
    assert msgspec.json.decode(messages[0]["content"]) == {"name": "weather", "arguments": WEATHER.arguments}
    assert messages[1]["content"] == "sunny"
    assert writing.model.requests[-1].messages[-1] == {"role": "tool", "tool_call_id": WEATHER.id, "content": "sunny"}


async def test_a_polled_chat_waits_and_continues(writing: Writing) -> None:
    writing.model.will(call_tools(WEATHER), Say("It is sunny."))
    chat = (await writing.post("/v3/chat", asked(bot_id="tools", stream=False)))["data"]
    waiting = await writing.until(chat["id"], "requires_action")
    which = {"conversation_id": waiting.conversation_id, "chat_id": waiting.id}
    shown = (await writing.post("/v3/chat/retrieve", **which))["data"]
    assert shown["required_action"]["submit_tool_outputs"]["tool_calls"][0]["id"] == WEATHER.id
    answer = await writing.post("/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS, "stream": False}, **which)
    assert answer["data"]["status"] == "in_progress"
    await writing.until(chat["id"], "completed")
    done = (await writing.post("/v3/chat/retrieve", **which))["data"]
    assert "required_action" not in done


async def test_wrong_outputs_are_reported_and_the_chat_waits_on(writing: Writing) -> None:
    writing.model.will(call_tools(WEATHER), Say("It is sunny."))
    which = await asked_for_tools(writing, auto_save_history=True)
    wrong = [{"tool_call_id": "nobody", "output": "x"}]
    answer = await writing.post("/v3/chat/submit_tool_outputs", {"tool_outputs": wrong, "stream": True}, **which)
    assert answer["code"] == 4000
    assert answer["msg"].startswith("tool_outputs[].tool_call_id")
    cancel = await writing.post("/v3/chat/cancel", which)
    assert cancel["code"] == 4104
    events = await writing.events("/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS, "stream": True}, **which)
    assert events[-2][0] == "conversation.chat.completed"
    late = await writing.post("/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS}, **which)
    assert (late["code"], "completed" in late["msg"]) == (4000, True)


async def test_a_chat_that_waits_leaves_the_conversation_free(writing: Writing) -> None:
    writing.model.will(call_tools(WEATHER), Say("Never mind."))
    which = await asked_for_tools(writing)
    events = await writing.events("/v3/chat", asked(), conversation_id=which["conversation_id"])
    assert events[-2][0] == "conversation.chat.completed"


async def test_a_chat_that_is_not_kept_continues_all_the_same(writing: Writing) -> None:
    writing.model.will(call_tools(WEATHER), Say("It is sunny."))
    which = await asked_for_tools(writing, auto_save_history=False)
    events = await writing.events("/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS, "stream": True}, **which)
    assert events[-2][0] == "conversation.chat.completed"


@pytest.mark.parametrize("writing", [msgspec.structs.replace(LIMITS, tool_outputs_s=0.1)], indirect=True)
async def test_a_client_that_never_submits_fails_the_chat(writing: Writing) -> None:
    writing.model.will(call_tools(WEATHER))
    which = await asked_for_tools(writing)
    failed = await writing.until(which["chat_id"], "failed")
    assert failed.last_error is not None
    assert "did not submit its tools' outputs within 0.1 s" in failed.last_error.msg


async def test_later_questions_know_of_the_call_and_its_output(writing: Writing) -> None:
    writing.model.will(Say("Let me look.", tool_calls=(WEATHER,)), Say("It is sunny."), Say("You are welcome."))
    which = await asked_for_tools(writing)
    await writing.events("/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS, "stream": True}, **which)
    await writing.events("/v3/chat", asked("Thanks."), conversation_id=which["conversation_id"])
    _, *told = writing.model.requests[-1].messages
    assert [message["role"] for message in told] == ["user", "assistant", "tool", "assistant", "user"]
    assert told[1]["tool_calls"][0]["function"] == {"name": WEATHER.name, "arguments": WEATHER.arguments}
    assert told[2]["content"] == "sunny"
    assert told[3]["content"] == "Let me look. It is sunny."
    where = {"conversation_id": which["conversation_id"]}
    listed = (await writing.post("/v1/conversation/message/list", {"order": "asc"}, **where))["data"]
    assert [each["type"] for each in listed] == ["question", "answer", "question", "answer"]


async def test_a_question_while_a_chat_waits_knows_of_its_calls_and_later_of_its_outputs(writing: Writing) -> None:
    writing.model.will(call_tools(WEATHER), Say("Never mind."), Say("It is sunny."), Say("Good."))
    which = await asked_for_tools(writing)
    where = {"conversation_id": which["conversation_id"]}
    await writing.events("/v3/chat", asked("Something else."), **where)
    assert writing.model.requests[-1].messages[-3]["content"].startswith("No result")
    await writing.events("/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS, "stream": True}, **which)
    await writing.events("/v3/chat", asked("So?"), **where)
    _, *told = writing.model.requests[-1].messages
    assert [(m["role"], m["content"]) for m in told[1:4]] == [
        ("assistant", None),
        ("tool", "sunny"),
        ("assistant", "…"),
    ]


async def test_what_a_chat_that_is_not_kept_did_with_tools_is_no_context(writing: Writing) -> None:
    writing.model.will(Say("Hello."), call_tools(WEATHER), Say("It is sunny."), Say("What?"))
    events = await writing.events("/v3/chat", asked("Hi."))
    where = {"conversation_id": events[0][1]["conversation_id"]}
    waiting = await writing.events("/v3/chat", asked(bot_id="tools", auto_save_history=False), **where)
    which = {**where, "chat_id": waiting[0][1]["id"]}
    await writing.events("/v3/chat/submit_tool_outputs", {"tool_outputs": OUTPUTS, "stream": True}, **which)
    await writing.events("/v3/chat", asked("And?"), **where)
    assert [role for role, _ in await writing.told()] == ["user", "assistant", "user"]


async def test_a_client_that_keeps_the_history_itself_brings_its_tools_along(writing: Writing) -> None:
    call = {"name": "weather", "arguments": WEATHER.arguments}
    brought = [
        {"role": "user", "content": "Weather?", "content_type": "text"},
        {"role": "assistant", "type": "function_call", "content": msgspec.json.encode(call).decode()},
        {"role": "assistant", "type": "tool_response", "content": "sunny"},
        {"role": "assistant", "type": "answer", "content": "It is sunny."},
        {"role": "user", "content": "And tomorrow?", "content_type": "text"},
    ]
    for save in (False, True):
        events = await writing.events("/v3/chat", asked(additional_messages=brought, auto_save_history=save))
        _, *told = writing.model.requests[-1].messages
        assert [message["role"] for message in told] == ["user", "assistant", "tool", "assistant", "user"]
        assert told[1]["tool_calls"][0]["function"] == call
    await writing.events("/v3/chat", asked("Thanks."), conversation_id=events[0][1]["conversation_id"])
    assert writing.model.requests[-1].messages[1:6] == told


async def test_a_question_left_unanswered_by_its_tools_can_be_answered_again(writing: Writing) -> None:
    writing.model.will(call_tools(WEATHER), Say("I do not know."))
    which = await asked_for_tools(writing)
    where = {"conversation_id": which["conversation_id"]}
    events = await writing.events("/v3/chat", asked(additional_messages=[]), **where)
    assert events[-2][0] == "conversation.chat.completed"
