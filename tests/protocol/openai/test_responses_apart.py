"""A response apart from the conversation leaves no trace in it, and ``input`` is what an answer is asked with."""

from typing import Any

import pytest

from kouyu.domain import events as core
from kouyu.domain.options import GivenMessage
from kouyu.domain.requests import AnswerNow, CancelOutput
from tests.protocol.openai.session import CALL, Json, Session, asks, completed, only, types


def asked_for(session: Session, **response: Any) -> AnswerNow:
    assert session.send({"type": "response.create", "response": response}) == []
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    return asked


def said(role: str, text: str) -> Json:
    part = {"type": "output_text" if role == "assistant" else "input_text", "text": text}
    return {"type": "message", "role": role, "content": [part]}


def test_a_response_apart_has_the_usual_events_and_no_items_of_the_conversation() -> None:
    session = Session()
    asked = asked_for(session, conversation="none", metadata={"topic": "mood"})
    assert (asked.options.kept, asked.options.context) == (False, None)
    chat = session.chat()
    _, *rest = session.answers(chat, "Paris.")
    sent = session.tell(core.ChatBegan(chat, asked.origin), *rest, completed(chat))
    assert types(sent) == [
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    for kind in ("response.created", "response.done"):
        response = only(sent, kind)["response"]
        assert (response["conversation_id"], response["metadata"]) == (None, {"topic": "mood"})
    (item,) = response["output"]
    assert session.send({"type": "conversation.item.retrieve", "item_id": item["id"]})[0]["type"] == "error"
    session.rules.check_end()


def test_the_next_response_is_of_the_conversation_again() -> None:
    session = Session()
    asked = asked_for(session, conversation="none")
    for origin, conversation_id in ((asked.origin, None), (None, "conv_1")):
        chat = session.chat()
        _, *rest = session.answers(chat, "Paris.")
        sent = session.tell(core.ChatBegan(chat, origin), *rest, completed(chat))
        assert only(sent, "response.done")["response"]["conversation_id"] == conversation_id


def test_input_is_items_and_references_to_items_of_the_conversation() -> None:
    session = Session()
    session.send({"type": "conversation.item.create", "item": {"id": "mine", **said("user", "It rains.")}})
    (written,) = session.requests
    message = session.message(None, "question", "It rains.")
    session.tell(core.MessageWritten(message, getattr(written, "origin", None)))
    call = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}
    given = [
        said("system", "Be brief."),
        {"type": "item_reference", "id": "mine"},
        call,
        {"type": "function_call_output", "call_id": "c1", "output": "rain"},
        said("assistant", "Take an umbrella."),
    ]
    asked = asked_for(session, input=given)
    assert asked.options.kept is None, "the answer is part of the conversation"
    assert asked.options.context == (
        GivenMessage(role="system", content="Be brief."),
        GivenMessage(role="user", content="It rains.", message_id=message.id),
        GivenMessage(role="system", content="The tool weather, called with {}, returned: rain"),
        GivenMessage(role="assistant", content="Take an umbrella."),
    )
    assert "umbrella" not in str(session.sent), "input adds no items"


def test_an_empty_input_is_an_empty_context() -> None:
    assert asked_for(Session(), conversation="none", input=[]).options.context == ()


@pytest.mark.parametrize(
    ("response", "param"),
    [
        ({"conversation": "other"}, "response.conversation"),
        ({"input": "Hi"}, "response.input"),
        ({"input": [said("user", "Hi")] * 201}, "response.input"),
        ({"input": [said("user", "Hi"), {"type": "nonsense"}]}, "response.input[1].type"),
        ({"input": [{"type": "item_reference", "id": "gone"}]}, "response.input[0].id"),
        ({"input": [{"type": "item_reference", "id": []}]}, "response.input[0].id"),
        ({"input": [{"type": "item_reference"}]}, "response.input[0].id"),
        (
            {"input": [{"type": "function_call_output", "call_id": "c1", "output": "rain"}]},
            "response.input[0].call_id",
        ),
    ],
)
def test_what_is_wrong_with_an_input_is_named(response: Json, param: str) -> None:
    session = Session()
    (refused,) = session.send({"type": "response.create", "response": response})
    assert refused["error"]["param"] == param
    assert session.requests == []


def test_calls_of_a_response_apart_wait_for_nothing() -> None:
    session = Session()
    asked = asked_for(session, conversation="none")
    chat = session.chat()
    sent = session.tell(core.ChatBegan(chat, asked.origin), asks(chat, CALL))
    (call,) = only(sent, "response.done")["response"]["output"]
    assert (call["type"], call["status"]) == ("function_call", "completed")
    assert "conversation.item.added" not in types(sent)
    output = {"type": "function_call_output", "call_id": CALL.id, "output": "sunny"}
    (refused,) = session.send({"type": "conversation.item.create", "item": output})
    assert refused["error"]["param"] == "item.call_id"
    session.send({"type": "response.create"})
    cancelled, again = session.requests
    assert isinstance(cancelled, CancelOutput)
    assert isinstance(again, AnswerNow)


def test_a_response_apart_does_not_take_the_place_of_an_answer_that_waits_for_outputs() -> None:
    session = Session()
    chat = session.chat()
    session.tell(core.ChatBegan(chat), asks(chat, CALL))
    (refused,) = session.send({"type": "response.create", "response": {"conversation": "none"}})
    assert refused["error"]["code"] == "conversation_already_has_active_response"
    assert session.requests == []
