"""A response apart from the conversation leaves no trace in it, and ``input`` is what an answer is asked with."""

from typing import Any

import msgspec
import pytest

from kouyu.domain import events as core
from kouyu.domain.chats import Chat
from kouyu.domain.errors import CHAT_RUNS
from kouyu.domain.options import GivenMessage
from kouyu.domain.requests import AnswerNow, CancelAnswer, SubmitOutputs
from tests.protocol.openai.session import CALL, Json, Session, asks, completed, failed, only, types


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
    function_call = core.MessageCompleted(session.message(chat, "function_call", "{}"), CALL.id)
    sent = session.tell(core.ChatBegan(chat, asked.origin), function_call, asks(chat, CALL), completed(chat))
    done = only(sent, "response.done")["response"]
    (call,) = done["output"]
    assert (call["type"], call["status"], done["usage"]["total_tokens"]) == ("function_call", "completed", 15)
    assert "conversation.item.added" not in types(sent)
    output = {"type": "function_call_output", "call_id": CALL.id, "output": "sunny"}
    (refused,) = session.send({"type": "conversation.item.create", "item": output})
    assert refused["error"]["param"] == "item.call_id"
    session.send({"type": "response.create"})
    (again,) = session.requests
    assert isinstance(again, AnswerNow)


def begin(session: Session, **response: Any) -> tuple[Chat, str]:
    """A response apart in progress: its chat, and its id."""
    asked = asked_for(session, conversation="none", **response)
    chat = session.chat()
    created = only(session.tell(core.ChatBegan(chat, asked.origin)), "response.created")
    return chat, created["response"]["id"]


def test_responses_apart_run_beside_that_of_the_conversation() -> None:
    session = Session()
    session.send({"type": "response.create"})
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    main = session.chat()
    session.tell(core.ChatBegan(main, asked.origin))
    first, first_id = begin(session, metadata={"topic": "one"}, audio={"output": {"format": {"type": "audio/pcma"}}})
    second, second_id = begin(session, metadata={"topic": "two"}, output_modalities=["text"])
    told = [session.answers(chat, f"Answer {chat.id}.")[2:] for chat in (main, first, second)]
    sent = session.tell(*(event for several in zip(*told, strict=True) for event in several))
    assert {event["response_id"] for event in sent if "response_id" in event} == {"resp_2", first_id, second_id}
    sent += session.tell(completed(second, 1, 2), completed(main, 3, 4), completed(first, 5, 6))
    done = [event["response"] for event in sent if event["type"] == "response.done"]
    assert [response["id"] for response in done] == [second_id, "resp_2", first_id]
    assert [response["usage"]["total_tokens"] for response in done] == [3, 7, 11]
    assert [response.get("metadata") for response in done] == [{"topic": "two"}, None, {"topic": "one"}]
    assert [response["audio"]["output"]["format"]["type"] for response in done] == [
        "audio/pcm",
        "audio/pcm",
        "audio/pcma",
    ]
    for response, chat in zip(done, (second, main, first), strict=True):
        (part,) = response["output"][0]["content"]
        assert part.get("transcript", part.get("text")) == f"Answer {chat.id}."
    assert types(sent).count("response.output_audio.delta") == 2
    assert types(sent).count("conversation.item.added") == 1
    session.rules.check_end()


def test_a_response_apart_is_stopped_by_its_id() -> None:
    session = Session()
    chat, response_id = begin(session)
    (refused,) = session.send({"type": "response.cancel", "event_id": "e1"})
    assert refused["error"]["code"] == "response_cancel_not_active", "that is about the conversation's response"
    assert session.send({"type": "output_audio_buffer.clear"}) == []
    assert session.requests == []
    assert session.send({"type": "response.cancel", "response_id": response_id}) == []
    assert session.requests == [CancelAnswer(chat.id)]
    (done,) = session.tell(core.ChatCancelled(chat))
    assert (done["response"]["status"], done["response"]["status_details"]["reason"]) == (
        "cancelled",
        "client_cancelled",
    )
    (refused,) = session.send({"type": "response.cancel", "response_id": response_id})
    assert refused["error"]["code"] == "response_cancel_not_active"


def test_speech_and_the_next_response_leave_a_response_apart_in_progress() -> None:
    session = Session()
    chat, response_id = begin(session)
    session.tell(*session.says("What now?"), core.OutputInterrupted("speech"))
    main = session.chat()
    session.tell(core.ChatBegan(main), completed(main))
    (done,) = session.tell(completed(chat))
    assert (done["response"]["id"], done["response"]["status"]) == (response_id, "completed")


def test_a_response_apart_that_fails_or_is_cut_says_so() -> None:
    session = Session()
    broken, _ = begin(session)
    nameless, _ = begin(session)
    cut, _ = begin(session)
    sent = session.tell(
        failed(broken, "no model"),
        core.ChatFailed(nameless),
        msgspec.structs.replace(completed(cut), cut="the limit"),
    )
    details = [event["response"]["status_details"] for event in sent]
    assert [event["response"]["status"] for event in sent] == ["failed", "failed", "incomplete"]
    assert (details[0]["error"]["message"], details[1]["error"]["message"]) == ("no model", "the answer failed")
    assert details[2]["reason"] == "max_output_tokens"


def test_the_end_of_an_answer_that_is_not_in_progress_is_not_told() -> None:
    session = Session()
    chat = session.chat()
    assert session.tell(failed(chat, "no model"), core.ChatCancelled(chat), completed(chat)) == []


def test_one_response_apart_too_many_is_an_error() -> None:
    session = Session()
    asked = session.send({"type": "response.create", "event_id": "e7", "response": {"conversation": "none"}})
    assert asked == []
    (request,) = session.requests
    assert isinstance(request, AnswerNow)
    (refused,) = session.tell(core.RequestRefused(CHAT_RUNS, "too many run", origin=request.origin))
    assert (refused["error"]["code"], refused["error"]["event_id"]) == ("too_many_active_responses", "e7")
    assert refused["error"]["message"] == "too many run"


def test_responses_apart_may_begin_while_calls_wait_for_outputs() -> None:
    session = Session()
    main = session.chat()
    session.tell(core.ChatBegan(main), asks(main, CALL))
    chat, response_id = begin(session)
    (done,) = session.tell(completed(chat))
    assert done["response"]["id"] == response_id
    output = {"type": "function_call_output", "call_id": CALL.id, "output": "sunny"}
    session.send({"type": "conversation.item.create", "item": output})
    (created, _) = session.send({"type": "response.create"})
    assert created["response"]["conversation_id"] == "conv_1"
    (submitted,) = session.requests
    assert isinstance(submitted, SubmitOutputs)
