"""``/v3/chat`` as a stream: the events, their order and their shape (rest.md 4.2)."""

import asyncio
import json
from typing import Any

import pytest

from kouyu.agents.answer_limits import MOST_ANSWER
from tests.standins.openai_server import Hang, Refuse, Say
from tests.text_chats.conftest import Writing, asked


def names(events: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _ in events]


def messages(events: list[tuple[str, Any]], kind: str) -> list[Any]:
    """The completed messages of a type."""
    return [data for name, data in events if name == "conversation.message.completed" and data["type"] == kind]


def chat_of(events: list[tuple[str, Any]], name: str) -> Any:
    (found,) = [data for each, data in events if each == name]
    return found


async def test_a_stream_comes_in_the_services_order_and_shape(writing: Writing) -> None:
    writing.model.will(Say("Because ", "of Rayleigh."))
    events = await writing.events("/v3/chat", asked(meta_data={"order": "7"}))
    assert names(events) == [
        "conversation.chat.created",
        "conversation.chat.in_progress",
        "conversation.message.delta",
        "conversation.message.delta",
        "conversation.message.delta",
        "conversation.message.completed",
        "conversation.message.completed",
        "conversation.chat.completed",
        "done",
    ]
    created, completed = chat_of(events, "conversation.chat.created"), chat_of(events, "conversation.chat.completed")
    assert (created["status"], created["usage"]["token_count"]) == ("created", 0)
    assert created["last_error"] == {"code": 0, "msg": ""}
    assert created["section_id"] == created["conversation_id"]
    assert completed["id"] == created["id"]
    assert completed["usage"] == {"token_count": 13, "output_count": 2, "input_count": 11}
    assert completed["completed_at"] >= completed["created_at"] > 0
    assert completed["meta_data"] == {"order": "7"}
    (answer,) = messages(events, "answer")
    assert (answer["content"], answer["role"], answer["chat_id"]) == (
        "Because of Rayleigh.",
        "assistant",
        created["id"],
    )
    assert {data["id"] for name, data in events if name == "conversation.message.delta"} == {answer["id"]}
    (verbose,) = messages(events, "verbose")
    assert json.loads(verbose["content"])["msg_type"] == "generate_answer_finish"
    assert events[-1] == ("done", "[DONE]")


async def test_a_line_ends_nowhere_but_at_its_end_for_any_reader(writing: Writing) -> None:
    writing.model.will(Say("one\u2028two\u2029three\x85four\x0bfive\x1csix"))
    response = await writing.http.post("/v3/chat", json=asked())
    assert len(response.text.splitlines()) == response.text.count("\n")
    answer = next(line for line in response.text.splitlines() if "six" in line)
    assert json.loads(answer.removeprefix("data:"))["content"] == "one\u2028two\u2029three\x85four\x0bfive\x1csix"


async def test_what_is_told_is_on_disk_already(writing: Writing) -> None:
    async for name, data in writing.stream("/v3/chat", asked()):
        if name.startswith("conversation.chat"):
            chat = await writing.store.of("").chats.get(data["id"])
            assert chat is not None
            assert chat.status == data["status"] or data["status"] == "created"
            kept = await writing.store.of("").messages.of_chat(data["id"])
            assert kept[0].content == "Why is the sky blue?"
        if name == "conversation.message.completed":
            assert await writing.store.of("").messages.get(data["conversation_id"], data["id"]) is not None


async def test_a_conversation_continues(writing: Writing) -> None:
    writing.model.will(Say("Rayleigh."), Say("Tyndall."))
    first = chat_of(await writing.events("/v3/chat", asked()), "conversation.chat.completed")
    brought = [
        {"role": "user", "content": "My name is Ada.", "content_type": "text", "type": "question"},
        {"role": "assistant", "content": "Hello Ada.", "content_type": "text", "type": None, "meta_data": None},
        {"role": "user", "content": "And who else?", "content_type": "text", "meta_data": {"k": "v"}},
    ]
    second = await writing.events(
        "/v3/chat", asked(additional_messages=brought), conversation_id=first["conversation_id"]
    )
    context = [("user", "Why is the sky blue?"), ("assistant", "Rayleigh."), ("user", "My name is Ada.")]
    assert await writing.told() == [*context, ("assistant", "Hello Ada."), ("user", "And who else?")]
    listed = await writing.post(
        "/v1/conversation/message/list", {"order": "asc"}, conversation_id=first["conversation_id"]
    )
    assert [each["content"] for each in listed["data"]] == [
        "Why is the sky blue?",
        "Rayleigh.",
        "My name is Ada.",
        "Hello Ada.",
        "And who else?",
        "Tyndall.",
    ]
    assert listed["data"][4]["meta_data"] == {"k": "v"}
    chat = chat_of(second, "conversation.chat.completed")
    ids = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    of_chat = (await writing.http.get("/v3/chat/message/list", params=ids)).json()["data"]
    assert [each["type"] for each in of_chat] == ["answer", "verbose"]


async def test_a_conversation_that_ends_with_a_question_needs_no_other(writing: Writing) -> None:
    messages = [{"role": "user", "content": "Say hi.", "content_type": "text"}]
    made = await writing.post("/v1/conversation/create", {"messages": messages})
    conversation_id = made["data"]["id"]
    await writing.events("/v3/chat", asked(additional_messages=[]), conversation_id=conversation_id)
    assert await writing.told() == [("user", "Say hi.")]
    listed = await writing.post("/v1/conversation/message/list", {"order": "asc"}, conversation_id=conversation_id)
    assert [each["role"] for each in listed["data"]] == ["user", "assistant"]
    refused = await writing.post("/v3/chat", asked(additional_messages=[]), conversation_id=conversation_id)
    assert refused["code"] == 4000


async def test_the_agent_gets_variables_place_and_user(writing: Writing) -> None:
    place = {"latitude": "52.5", "longitude": "13.4"}
    await writing.events("/v3/chat", asked(custom_variables={"mood": "merry"}, extra_params=place))
    prompt = writing.model.requests[-1].messages[0]["content"]
    assert prompt.startswith("You are merry.")
    assert "13.4" in prompt


async def test_what_the_model_thinks_is_shown_apart(writing: Writing) -> None:
    writing.model.will(Say("Blue.", thoughts=("Hm, ", "light.")))
    events = await writing.events("/v3/chat", asked())
    deltas = [data for name, data in events if name == "conversation.message.delta"]
    assert "".join(each["reasoning_content"] for each in deltas) == "Hm, light."
    assert "".join(each["content"] for each in deltas) == "Blue."
    (answer,) = messages(events, "answer")
    assert (answer["content"], answer["reasoning_content"]) == ("Blue.", "Hm, light.")
    kept = await writing.store.of("").messages.get(answer["conversation_id"], answer["id"])
    assert kept is not None
    assert kept.reasoning_content == "Hm, light."


@pytest.mark.parametrize(
    "pieces",
    [
        ("I should greet.\n", "</think>\n\n", "Blue", " [1].", "<|im_end|>"),
        ("<thou", "ght>I should greet.\n</thought>", "Blue", "【1†source】."),
        ("Light it", " is.\n", "</think>Blue."),
    ],
)
async def test_thoughts_and_marks_in_the_model_s_text_are_no_part_of_the_answer(
    writing: Writing, pieces: tuple[str, ...]
) -> None:
    writing.model.will(Say(*pieces))
    (answer,) = messages(await writing.events("/v3/chat", asked()), "answer")
    assert answer["content"] == "Blue."
    assert answer["reasoning_content"].strip() in ("I should greet.", "Light it is.")
    kept = await writing.store.of("").messages.get(answer["conversation_id"], answer["id"])
    assert kept is not None
    assert kept.content == "Blue."


async def test_questions_that_could_follow_come_after_the_answer(writing: Writing) -> None:
    writing.model.will(Say("Blue."), Say("Why?\nHow?"))
    events = await writing.events("/v3/chat", asked(bot_id="curious"))
    completed = [data["type"] for name, data in events if name == "conversation.message.completed"]
    assert completed == ["answer", "verbose", "follow_up", "follow_up"]
    assert [each["content"] for each in messages(events, "follow_up")] == ["Why?", "How?"]
    assert chat_of(events, "conversation.chat.completed")["usage"]["input_count"] == 22


async def test_a_failing_model_fails_the_chat_and_the_next_one_works(writing: Writing) -> None:
    writing.model.will(Refuse(500, "it broke"), Say("Blue."))
    events = await writing.events("/v3/chat", asked())
    assert names(events) == [
        "conversation.chat.created",
        "conversation.chat.in_progress",
        "conversation.chat.failed",
        "done",
    ]
    failed = chat_of(events, "conversation.chat.failed")
    assert failed["last_error"]["code"] == 5000
    assert "it failed (HTTP 500)" in failed["last_error"]["msg"]
    assert "it broke" not in failed["last_error"]["msg"]
    assert failed["failed_at"] > 0
    again = await writing.events("/v3/chat", asked(), conversation_id=failed["conversation_id"])
    assert names(again)[-2:] == ["conversation.chat.completed", "done"]


async def test_an_answer_that_breaks_off_is_kept_as_far_as_it_came(writing: Writing) -> None:
    writing.model.will(Say("Because ", "of ", die_after=1))
    events = await writing.events("/v3/chat", asked())
    failed = chat_of(events, "conversation.chat.failed")
    kept = await writing.store.of("").messages.of_chat(failed["id"])
    assert [(each.type, each.content) for each in kept] == [
        ("question", "Why is the sky blue?"),
        ("answer", "Because"),
    ]


async def test_nothing_is_kept_of_a_chat_that_is_not_to_be(writing: Writing) -> None:
    events = await writing.events("/v3/chat", asked(auto_save_history=False))
    chat = chat_of(events, "conversation.chat.completed")
    assert await writing.store.of("").chats.get(chat["id"]) is None
    assert await writing.store.of("").conversations.get(chat["conversation_id"]) is None


async def test_a_client_that_hangs_up_stops_the_model(writing: Writing) -> None:
    writing.model.will(Say("one ", "two ", hang_after=1))
    events = writing.stream("/v3/chat", asked())
    async for name, data in events:
        if name == "conversation.message.delta":
            chat_id = data["chat_id"]
            break
    await events.aclose()
    async with asyncio.timeout(10):
        await writing.model.requests[0].hung_up.wait()
    await writing.until(chat_id, "canceled")
    kept = await writing.store.of("").messages.of_chat(chat_id)
    assert [each.content for each in kept] == ["Why is the sky blue?", "one"]


BAD: list[tuple[dict[str, Any], int, int, str]] = [
    ({"bot_id": None}, 400, 4000, "bot_id"),
    ({"bot_id": "nobody"}, 404, 4200, "nobody"),
    ({"additional_messages": []}, 400, 4000, "additional_messages"),
    ({"additional_messages": [{"role": "user", "content": "x"}] * 101}, 400, 4004, "at most 100"),
    ({"additional_messages": [{"role": "robot", "content": "x"}]}, 400, 4000, "additional_messages[0].role"),
    ({"additional_messages": [{"role": "assistant", "content": "x"}]}, 400, 4000, "additional_messages[0].role"),
    ({"additional_messages": [{"role": "user", "content": 7}]}, 400, 4000, "additional_messages[0].content"),
    (
        {"additional_messages": [{"role": "user", "content": "x", "content_type": "object_string"}]},
        400,
        4000,
        "additional_messages[0].content",
    ),
    ({"meta_data": {str(n): "x" for n in range(17)}}, 400, 4003, "meta_data"),
    ({"custom_variables": {"no-hyphen": "x"}}, 400, 4000, "custom_variables"),
    ({"shortcut_command": {"command_id": "1"}}, 400, 4000, "shortcut_command"),
    ({"stream": False, "auto_save_history": False}, 400, 4000, "auto_save_history"),
    ({"stream": "yes"}, 400, 4000, "stream"),
]


async def test_a_bad_request_is_reported_before_the_stream(writing: Writing) -> None:
    for change, status, code, named in BAD:
        answer = await writing.http.post("/v3/chat", json=asked(**change))
        assert (answer.status_code, answer.json()["code"]) == (status, code), change
        assert named in answer.json()["msg"]


async def test_an_unknown_conversation_and_another_users_are_refused(writing: Writing) -> None:
    unknown = await writing.http.post("/v3/chat?conversation_id=9", json=asked())
    assert (unknown.status_code, unknown.json()["code"]) == (404, 4002)
    chat = chat_of(await writing.events("/v3/chat", asked(user_id="ada")), "conversation.chat.completed")
    of_ada = {"conversation_id": chat["conversation_id"]}
    of_ben = await writing.post("/v3/chat", asked(user_id="ben"), **of_ada)
    assert (of_ben["code"], "another user_id" in of_ben["msg"]) == (4002, True)


async def test_a_user_that_the_javascript_sdk_invents_for_a_chat_is_none(writing: Writing) -> None:
    first = chat_of(await writing.events("/v3/chat", asked(user_id="831476263120.2917")), "conversation.chat.completed")
    where = {"conversation_id": first["conversation_id"]}
    await writing.events("/v3/chat", asked("And why?", user_id="1602250412667.004"), **where)
    assert [content for _, content in await writing.told()][::2] == ["Why is the sky blue?", "And why?"]


async def test_one_chat_runs_in_a_conversation_at_a_time(writing: Writing) -> None:
    writing.model.will(Hang())
    running = writing.stream("/v3/chat", asked())
    _, chat = await anext(running)
    answer = await writing.http.post("/v3/chat", json=asked(), params={"conversation_id": chat["conversation_id"]})
    assert (answer.status_code, answer.json()["code"]) == (409, 4016)
    await running.aclose()


async def test_more_chats_than_allowed_are_refused(writing: Writing) -> None:
    writing.model.will(Hang(), Hang(), Hang())
    running = [writing.stream("/v3/chat", asked()) for _ in range(3)]
    for each in running:
        await anext(each)
    answer = await writing.http.post("/v3/chat", json=asked())
    assert (answer.status_code, answer.json()["code"]) == (503, 4009)
    for each in running:
        await each.aclose()


async def test_an_answer_without_end_is_completed_with_what_there_is_of_it(writing: Writing) -> None:
    writing.model.will(Say(*["word " * 4_000] * 5))
    events = await writing.events("/v3/chat", asked())
    chat = chat_of(events, "conversation.chat.completed")
    kept = [each for each in await writing.store.of("").messages.of_chat(chat["id"]) if each.type == "answer"]
    assert [each.content for each in kept] == [("word " * MOST_ANSWER)[:MOST_ANSWER]]
