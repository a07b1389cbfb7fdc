"""Conversations, their messages and feedback on them, over HTTP (rest.md 3)."""

from typing import Any

from tests.standins.openai_server import Say
from tests.text_chats.conftest import Writing, asked

HELLO = {"role": "user", "content": "Hello", "content_type": "text"}


async def made(writing: Writing, **body: Any) -> dict[str, Any]:
    answer = await writing.post("/v1/conversation/create", body)
    assert answer["code"] == 0, answer
    conversation: dict[str, Any] = answer["data"]
    return conversation


async def test_a_conversation_may_be_created_without_messages(writing: Writing) -> None:
    for body in (None, {}, {"connector_id": "", "meta_data": None, "messages": None, "bot_id": ""}):
        answer = await writing.post("/v1/conversation/create", body)
        conversation = answer["data"]
        assert (conversation["meta_data"], conversation["name"]) == ({}, "")
        assert conversation["last_section_id"] == conversation["id"]
        found = (
            await writing.http.get("/v1/conversation/retrieve", params={"conversation_id": conversation["id"]})
        ).json()
        assert found["data"] == conversation


async def test_it_is_called_as_its_first_message_begins_unless_it_has_a_name(writing: Writing) -> None:
    long = {"role": "user", "content": "words " * 50, "content_type": "text"}
    parts = {"role": "user", "content": [{"type": "text", "text": "Look!"}]}
    assert (await made(writing, messages=[HELLO]))["name"] == "Hello"
    assert len((await made(writing, messages=[long]))["name"]) == 100
    assert (await made(writing, messages=[parts]))["name"] == "Look!"
    assert (await made(writing, messages=[HELLO], name="Mine"))["name"] == "Mine"


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"messages": [HELLO] * 17}, 4000, "messages"),
    ({"messages": [{"role": "system", "content": "x"}]}, 4000, "messages[0].role"),
    ({"messages": [HELLO | {"content_type": "card"}]}, 4000, "messages[0].content_type"),
    ({"bot_id": "nobody"}, 4200, "nobody"),
    ({"name": "x" * 101}, 4000, "name"),
    ({"meta_data": {"k" * 65: "x"}}, 4003, "meta_data"),
]


async def test_a_conversation_that_cannot_be_is_refused(writing: Writing) -> None:
    for body, code, named in BAD:
        answer = await writing.http.post("/v1/conversation/create", json=body)
        assert (answer.status_code >= 400, answer.json()["code"]) == (True, code)
        assert named in answer.json()["msg"]


async def test_a_body_too_deep_to_read_is_refused(writing: Writing) -> None:
    deep = '{"meta_data":' * 700 + "1" + "}" * 700
    answer = await writing.http.post("/v1/conversation/create", content=deep)
    assert (answer.status_code, answer.json()["code"]) == (400, 4000)


async def test_a_bots_conversations_come_in_pages(writing: Writing) -> None:
    ids = [(await made(writing, bot_id="plain"))["id"] for _ in range(3)]
    await made(writing, bot_id="tools")

    async def page(**query: Any) -> tuple[list[str], bool]:
        data = (await writing.http.get("/v1/conversations", params={"bot_id": "plain", **query})).json()["data"]
        return [each["id"] for each in data["conversations"]], data["has_more"]

    assert await page() == (ids[::-1], False)
    assert await page(sort_order="ASC", page_size=2, page_num=1, connector_id="") == (ids[:2], True)
    assert await page(sort_order="ASC", page_size=2, page_num=2) == (ids[2:], False)
    assert await page(page_num=9) == ([], False)
    for wrong in ({"page_size": 51}, {"page_num": 0}, {"sort_order": "up"}):
        assert (await writing.http.get("/v1/conversations", params={"bot_id": "plain", **wrong})).json()["code"] == 4000
    assert (await writing.http.get("/v1/conversations")).json()["code"] == 4000


async def test_a_conversation_is_renamed_and_deleted(writing: Writing) -> None:
    conversation = await made(writing, messages=[HELLO])
    path = f"/v1/conversations/{conversation['id']}"
    assert (await writing.http.put(path, json={"name": "Other"})).json()["data"]["name"] == "Other"
    assert (await writing.http.put(path, json={"name": None})).json()["data"]["name"] == "Other"
    assert (await writing.http.delete(path)).json()["code"] == 0
    for answer in (
        await writing.http.delete(path),
        await writing.http.put(path, json={"name": "x"}),
        await writing.http.post(f"{path}/clear"),
        await writing.http.get("/v1/conversation/retrieve", params={"conversation_id": conversation["id"]}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, 4002)


async def test_a_cleared_conversation_is_no_context_any_more_and_stays_to_be_read(writing: Writing) -> None:
    conversation = await made(writing, messages=[HELLO])
    which = {"conversation_id": conversation["id"]}
    section = (await writing.http.post(f"/v1/conversations/{conversation['id']}/clear", content=b"null")).json()["data"]
    assert section["conversation_id"] == conversation["id"]
    found = (await writing.http.get("/v1/conversation/retrieve", params=which)).json()["data"]
    assert found["last_section_id"] == section["id"] != conversation["last_section_id"]
    writing.model.will(Say("Blue."))
    events = await writing.events("/v3/chat", asked(), **which)
    assert events[0][1]["section_id"] == section["id"]
    assert await writing.told() == [("user", "Why is the sky blue?")]
    listed = await writing.post("/v1/conversation/message/list", **which)
    assert [each["content"] for each in listed["data"]] == ["Blue.", "Why is the sky blue?", "Hello"]


async def test_messages_are_added_changed_and_deleted(writing: Writing) -> None:
    which = {"conversation_id": (await made(writing))["id"]}
    added = (await writing.post("/v1/conversation/message/create", HELLO | {"meta_data": None}, **which))["data"]
    assert (added["role"], added["type"], added["content"], added["meta_data"]) == ("user", "question", "Hello", {})
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": "that?"}]
    of_parts = (await writing.post("/v1/conversation/message/create", {"role": "user", "content": parts}, **which))[
        "data"
    ]
    assert of_parts["content_type"] == "object_string"
    one = which | {"message_id": added["id"]}
    changed = await writing.post("/v1/conversation/message/modify", {"content": "Hi", "meta_data": {"a": "b"}}, **one)
    assert (changed["message"]["content"], changed["message"]["content_type"]) == ("Hi", "text")
    assert changed["message"]["meta_data"] == {"a": "b"}
    kept = await writing.post("/v1/conversation/message/modify", {"content": None, "meta_data": None}, **one)
    assert (kept["message"]["content"], kept["message"]["meta_data"]) == ("Hi", {"a": "b"})
    wrong = which | {"message_id": of_parts["id"]}
    assert (await writing.post("/v1/conversation/message/modify", {"content": "no parts"}, **wrong))["code"] == 4000
    await writing.events("/v3/chat", asked("So?"), **which)
    assert await writing.told() == [("user", "Hi\nWhat is\nthat?\nSo?")]
    gone = (await writing.post("/v1/conversation/message/delete", **one))["data"]
    assert (gone["id"], gone["content"]) == (added["id"], "Hi")
    for path in ("modify", "delete"):
        assert (await writing.post(f"/v1/conversation/message/{path}", {}, **one))["code"] == 4005


async def test_feedback_is_kept_and_taken_back(writing: Writing) -> None:
    conversation_id = (await made(writing))["id"]
    added = (await writing.post("/v1/conversation/message/create", HELLO, conversation_id=conversation_id))["data"]
    path = f"/v1/conversations/{conversation_id}/messages/{added['id']}/feedback"
    given = {"feedback_type": "unlike", "reason_types": ["wrong"], "comment": "It is not."}
    assert (await writing.post(path, given))["code"] == 0
    kept = await writing.store.of("").feedback.get(added["id"])
    assert kept is not None
    assert (kept.feedback_type, kept.reason_types, kept.comment) == ("unlike", ("wrong",), "It is not.")
    assert (await writing.post(path, {"feedback_type": "meh"}))["code"] == 4000
    assert (await writing.http.delete(path)).json()["code"] == 0
    assert await writing.store.of("").feedback.get(added["id"]) is None
    nobody = f"/v1/conversations/{conversation_id}/messages/9/feedback"
    assert (await writing.post(nobody, given))["code"] == 4005


async def test_nothing_is_returned_without_a_token(writing: Writing) -> None:
    for method, path in (
        ("POST", "/v1/conversation/create"),
        ("GET", "/v1/conversations?bot_id=plain"),
        ("DELETE", "/v1/conversations/1"),
        ("POST", "/v1/conversation/message/create?conversation_id=1"),
        ("POST", "/v1/conversations/1/messages/1/feedback"),
        ("POST", "/v3/chat"),
        ("GET", "/v3/chat/retrieve"),
        ("POST", "/v3/chat/cancel"),
        ("POST", "/v1/workflows/chat"),
    ):
        answer = await writing.http.request(method, path, headers={"Authorization": "Bearer wrong"})
        assert (answer.status_code, answer.json()["code"]) == (401, 4100), path
