"""The client's tools: calls are items of a response, their outputs items of the client, and the same chat goes on."""

import pytest

from kouyu.domain import events as core
from kouyu.domain.chats import Usage
from kouyu.domain.requests import AnswerNow, CancelOutput, RemoveMessage, SubmitOutputs, WriteMessage
from kouyu.domain.tool_calls import Function, ToolCall
from tests.protocol.openai.session import CALL, Json, Session, asks, completed, failed, only, types

OTHER = ToolCall(id="call_2", function=Function("get_time", "{}"))


def output(call: ToolCall = CALL, text: str = "sunny", **fields: str) -> Json:
    item = {"type": "function_call_output", "call_id": call.id, "output": text}
    return {"type": "conversation.item.create", "item": item, **fields}


def test_calls_end_the_response() -> None:
    session = Session()
    chat = session.chat()
    sent = session.tell(core.ChatBegan(chat), asks(chat, CALL))
    assert types(sent)[2:] == [
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    added, made = only(sent, "conversation.item.added")["item"], only(sent, "response.output_item.done")["item"]
    assert (added["name"], added["call_id"], added["status"]) == ("get_weather", "call_1", "in_progress")
    assert (made["arguments"], made["status"]) == ('{"city": "Paris"}', "completed")
    assert only(sent, "response.function_call_arguments.done")["name"] == "get_weather"
    assert sent[-1]["response"]["status"] == "completed"
    assert [item["type"] for item in sent[-1]["response"]["output"]] == ["function_call"]


def test_tools_on_the_server_are_no_items() -> None:
    session = Session()
    chat = session.chat()
    call = session.message(chat, "function_call", '{"name":"search","arguments":"{}"}')
    ran = session.message(chat, "tool_response", "found")
    session.tell(core.ChatBegan(chat))
    assert session.tell(core.MessageCompleted(call, "call_9"), core.MessageCompleted(ran, "call_9")) == []


def test_outputs_let_the_same_chat_go_on_as_another_response() -> None:
    session = Session()
    chat = session.chat()
    first = session.tell(
        core.ChatBegan(chat), asks(chat, CALL, usage=Usage(token_count=8, input_count=6, output_count=2))
    )
    taken = session.send(output())
    assert types(taken) == ["conversation.item.added", "conversation.item.done"]
    assert taken[0]["previous_item_id"] == first[-1]["response"]["output"][0]["id"]
    assert session.requests == []
    created = session.send({"type": "response.create", "response": {"metadata": {"round": "2"}, "tool_choice": "none"}})
    assert types(created) == ["response.created", "rate_limits.updated"]
    (submitted,) = session.requests
    assert isinstance(submitted, SubmitOutputs)
    assert submitted.chat_id == chat.id
    assert submitted.options.tool_choice == "none"
    assert [(one.tool_call_id, one.output) for one in submitted.outputs] == [("call_1", "sunny")]
    sent = session.tell(*session.answers(chat, "It is sunny.")[2:], completed(chat, 20, 7))
    done = sent[-1]["response"]
    assert done["id"] == created[0]["response"]["id"] != first[-1]["response"]["id"]
    assert done["metadata"] == {"round": "2"}
    assert (first[-1]["response"]["usage"]["total_tokens"], done["usage"]["total_tokens"]) == (8, 19)
    session.rules.check_end()


def test_an_answer_asked_for_before_the_last_output_begins_with_it() -> None:
    session = Session()
    chat = session.chat()
    session.tell(core.ChatBegan(chat), asks(chat, CALL, OTHER))
    session.send(output())
    assert (session.send({"type": "response.create"}), session.requests) == ([], [])
    assert types(session.send({"type": "response.create"})) == ["error"], "one is asked for already"
    assert "response.created" in types(session.send(output(OTHER)))
    (submitted,) = session.requests
    assert isinstance(submitted, SubmitOutputs)
    assert len(submitted.outputs) == 2


def test_an_answer_asked_for_without_any_output_is_a_new_one() -> None:
    session = Session()
    chat = session.chat()
    session.tell(core.ChatBegan(chat), asks(chat, CALL))
    session.send({"type": "response.create"})
    cancelled, asked = session.requests
    assert cancelled == CancelOutput()
    assert isinstance(asked, AnswerNow)
    assert session.tell(core.OutputInterrupted("client")) == []
    assert "response.created" in types(session.tell(core.ChatBegan(session.chat(), asked.origin)))


def test_audio_that_comes_behind_the_calls_belongs_to_their_response() -> None:
    session = Session()
    chat = session.chat()
    answer = session.message(chat, "answer", "Let me look.")
    begun = session.tell(core.ChatBegan(chat), core.AnswerDelta(answer), core.SentenceBegan(answer, "Let me look."))
    called = session.tell(asks(chat, CALL))
    assert "response.function_call_arguments.done" in types(called), "the tool may run at once"
    assert "response.done" not in types(called)
    spoken = session.tell(core.SpeechDelta(answer, b"\0\0", 400.0), core.SpeechPaused(answer))
    assert types(spoken)[0] == "response.output_audio.delta"
    done = spoken[-1]["response"]
    assert done["id"] == begun[0]["response"]["id"]
    assert [item["type"] for item in done["output"]] == ["message", "function_call"]


def test_what_is_heard_of_an_answer_counts_from_its_beginning_before_the_tools() -> None:
    session = Session()
    chat = session.chat()
    answer = session.message(chat, "answer", "Let me look.")
    session.tell(core.ChatBegan(chat), core.AnswerDelta(answer), core.SpeechDelta(answer, b"\0\0", 400.0))
    session.tell(asks(chat, CALL), core.SpeechPaused(answer))
    session.send(output())
    session.send({"type": "response.create"})
    sent = session.tell(core.AnswerDelta(answer), core.SpeechDelta(answer, b"\0\0", 900.0))
    item_id = only(sent, "conversation.item.added")["item"]["id"]
    session.send({"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": 300})
    (reported,) = session.requests
    assert (getattr(reported, "message_id", ""), getattr(reported, "played_ms", 0)) == (answer.id, 700)


def test_an_answer_in_two_items_leaves_the_context_with_the_second_one() -> None:
    session = Session()
    chat = session.chat()
    answer = session.message(chat, "answer", "Let me look.")
    before = session.tell(core.ChatBegan(chat), core.AnswerDelta(answer), core.SpeechDelta(answer, b"\0\0", 400.0))
    session.tell(asks(chat, CALL), core.SpeechPaused(answer))
    session.send(output())
    session.send({"type": "response.create"})
    behind = session.tell(core.AnswerDelta(answer), core.SpeechDelta(answer, b"\0\0", 900.0))
    first, second = (only(sent, "conversation.item.added")["item"]["id"] for sent in (before, behind))
    assert types(session.send({"type": "conversation.item.delete", "item_id": first})) == ["conversation.item.deleted"]
    assert session.requests == []
    assert session.send({"type": "conversation.item.delete", "item_id": second}) == []
    (removed,) = session.requests
    assert isinstance(removed, RemoveMessage)
    assert removed.message_id == answer.id


def test_a_late_output_becomes_context() -> None:
    session = Session()
    chat = session.chat()
    session.tell(core.ChatBegan(chat), asks(chat, CALL), core.OutputInterrupted("speech"))
    assert session.send(output()) == []
    (written,) = session.requests
    assert isinstance(written, WriteMessage)
    assert (written.role, written.answer) == ("system", False)
    assert "get_weather" in written.content
    assert "sunny" in written.content
    added = session.tell(core.MessageWritten(session.message(None, "answer"), written.origin))
    assert added[0]["item"]["output"] == "sunny"


def test_a_replayed_call_and_its_output_become_context() -> None:
    session = Session()
    call = {"type": "function_call", "id": "fc_1", "call_id": "c9", "name": "get_time", "arguments": "{}"}
    assert len(session.send({"type": "conversation.item.create", "item": call})) == 2
    session.send({**output(), "item": {"type": "function_call_output", "call_id": "c9", "output": "noon"}})
    (written,) = session.requests
    assert isinstance(written, WriteMessage)
    assert "get_time" in written.content
    assert "noon" in written.content


def test_an_output_of_an_unknown_call_is_refused() -> None:
    session = Session()
    (refused,) = session.send(output(event_id="e7"))
    assert (refused["error"]["param"], refused["error"]["event_id"]) == ("item.call_id", "e7")


def test_a_chat_that_fails_while_it_waits_answers_the_request() -> None:
    session = Session()
    chat = session.chat()
    session.tell(core.ChatBegan(chat), asks(chat, CALL, OTHER))
    session.send(output())
    session.send({"type": "response.create"})
    sent = session.tell(failed(chat, "no outputs came"))
    assert types(sent) == ["response.created", "rate_limits.updated", "response.done"]
    assert sent[-1]["response"]["status"] == "failed"


def test_an_interruption_while_outputs_are_awaited_answers_the_request() -> None:
    session = Session()
    chat = session.chat()
    session.tell(core.ChatBegan(chat), asks(chat, CALL, OTHER))
    session.send(output())
    session.send({"type": "response.create"})
    sent = session.tell(core.OutputInterrupted("speech"))
    assert sent[-1]["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}


def test_refused_outputs_fail_the_response() -> None:
    session = Session()
    chat = session.chat()
    session.tell(core.ChatBegan(chat), asks(chat, CALL))
    session.send(output())
    session.send({"type": "response.create"})
    (submitted,) = session.requests
    assert isinstance(submitted, SubmitOutputs)
    sent = session.tell(core.RequestRefused(4000, "no such chat", origin=submitted.origin))
    assert sent[-1]["response"]["status"] == "failed"


@pytest.mark.parametrize("goes_on", [False, True])
def test_refused_outputs_of_a_response_that_was_interrupted_end_no_other_one(goes_on: bool) -> None:
    session = Session()
    chat, next_chat = session.chat(), session.chat()
    session.tell(core.ChatBegan(chat), asks(chat, CALL))
    session.send(output())
    session.send({"type": "response.create"})
    (submitted,) = session.requests
    assert isinstance(submitted, SubmitOutputs)
    began, *answer = session.answers(next_chat, "Hello.")
    session.tell(core.OutputInterrupted("speech"), *([began] if goes_on else []))
    assert session.tell(core.RequestRefused(4000, "the chat waits for no outputs", origin=submitted.origin)) == []
    if goes_on:
        sent = session.tell(*answer, completed(next_chat))
        assert only(sent, "response.done")["response"]["status"] == "completed"
    session.rules.check_end()
