"""``/v1/workflows/chat``: the flows of the settings, asked in writing (rest.md 4.3)."""

from tests.text_chats.conftest import Writing, asked

QUESTION = asked()["additional_messages"]


async def test_a_flow_answers_as_a_stream(writing: Writing) -> None:
    body = {
        "workflow_id": "orders",
        "additional_messages": QUESTION,
        "parameters": {"shop": "the south", "depth": {"a": [1, 2]}},
        "ext": {"user_id": "ada", "latitude": "52.5", "longitude": "13.4"},
    }
    events = await writing.events("/v1/workflows/chat", body)
    assert [name for name, _ in events] == [
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
    assert events[-1][1] == {"debug_url": ""}
    answer = events[5][1]
    assert answer["content"] == "You asked Why is the sky blue? in the south."
    assert answer["created_at"] > 0
    (request,) = writing.flow_requests
    assert (request.user_id, request.parameters["depth"]) == ("ada", {"a": [1, 2]})
    assert request.extra_params["latitude"] == "52.5"


async def test_a_flow_knows_what_was_said_in_the_conversation(writing: Writing) -> None:
    first = await writing.events("/v3/chat", asked(user_id="ada"))
    conversation_id = first[0][1]["conversation_id"]
    body = {"workflow_id": "orders", "additional_messages": QUESTION, "conversation_id": conversation_id}
    await writing.events("/v1/workflows/chat", body | {"bot_id": "plain", "ext": {"user_id": "ada"}})
    (request,) = writing.flow_requests
    assert [each.role for each in request.messages] == ["user", "assistant", "user"]
    assert request.conversation_id == conversation_id


async def test_a_flow_that_is_not_there_is_reported(writing: Writing) -> None:
    body = {"workflow_id": "nobody", "additional_messages": QUESTION}
    answer = await writing.http.post("/v1/workflows/chat", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, 4200)
    assert (await writing.post("/v1/workflows/chat", {"additional_messages": QUESTION}))["code"] == 4000
