"""A chat is a response; its text and audio are one item of it, and it ends exactly once."""

import base64

import pytest

from kouyu.domain import events as core
from kouyu.domain.ids import NO_ID
from kouyu.domain.options import AnswerOptions
from kouyu.domain.requests import AnswerNow, CancelOutput
from tests.protocol.openai.session import Session, completed, failed, only, types

ANSWER = [
    "response.created",
    "rate_limits.updated",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


def test_a_spoken_answer_comes_in_the_order_that_all_clients_take() -> None:
    session = Session()
    chat = session.chat()
    sent = session.tell(*session.answers(chat, "Paris. ", "In France."), completed(chat))
    assert types(sent) == ANSWER
    done = only(sent, "response.done")["response"]
    assert done["status"] == "completed"
    assert done["status_details"] is None
    assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "Paris. In France."}]
    assert done["output"][0]["status"] == "completed"
    assert base64.b64decode(sent[7]["delta"]) == b"\1\2" * 8
    session.rules.check_end()


def test_an_answer_in_writing_has_text_and_no_audio() -> None:
    session = Session()
    session.update(output_modalities=["text"])
    chat = session.chat()
    sent = session.tell(*session.answers(chat, "Paris.")[:5], completed(chat))
    assert "response.output_text.delta" in types(sent)
    assert not any("audio" in kind for kind in types(sent))
    done = only(sent, "response.done")["response"]
    assert done["output"][0]["content"] == [{"type": "output_text", "text": "Paris."}]
    assert done["output_modalities"] == ["text"]


def test_usage() -> None:
    session = Session()
    chat = session.chat()
    sent = session.tell(*session.answers(chat, "Yes."), completed(chat, 20, 3))
    usage = only(sent, "response.done")["response"]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (20, 3, 23)
    assert usage["input_token_details"]["text_tokens"] == 20
    assert usage["output_token_details"]["text_tokens"] == 3


def test_metadata_of_the_request_is_in_created_and_in_done() -> None:
    session = Session()
    assert session.send({"type": "response.create", "response": {"metadata": {"client_event_id": "7"}}}) == []
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    chat = session.chat()
    began, *rest = session.answers(chat, "Yes.")
    sent = session.tell(core.ChatBegan(chat, asked.origin), *rest, completed(chat))
    assert began
    for kind in ("response.created", "response.done"):
        assert only(sent, kind)["response"]["metadata"] == {"client_event_id": "7"}


def test_a_response_that_nobody_asked_for_has_no_metadata() -> None:
    session = Session()
    chat = session.chat()
    (created, _) = session.tell(core.ChatBegan(chat))
    assert created["response"]["metadata"] is None


def test_options_of_one_answer_reach_the_core() -> None:
    session = Session()
    response = {
        "instructions": "Be brief.",
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
        "tool_choice": {"type": "function", "name": "f"},
        "max_output_tokens": 50,
        "output_modalities": ["text"],
    }
    session.send({"type": "response.create", "response": response})
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    options = asked.options
    assert (options.instructions, options.tool_choice, options.max_output_tokens) == ("Be brief.", "f", 50)
    assert options.tools is not None
    assert [tool.name for tool in options.tools] == ["f"]
    assert options.spoken is False


@pytest.mark.parametrize("voice", ["alpha", {"id": "alpha"}])
def test_a_voice_of_one_answer(voice: object) -> None:
    session = Session()
    session.send({"type": "response.create", "response": {"audio": {"output": {"voice": voice}}}})
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    assert asked.options == AnswerOptions(voice="alpha")
    (created, _) = session.tell(core.ChatBegan(session.chat(), asked.origin))
    assert created["response"]["audio"]["output"]["voice"] == "alpha"
    assert session.update()["audio"]["output"]["voice"] == "joe", "the session's stays"


def test_the_voice_of_the_session_is_no_option_of_the_answer() -> None:
    session = Session(voice="alpha")
    session.send({"type": "response.create", "response": {"audio": {"output": {"voice": "alpha"}}}})
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    assert asked.options == AnswerOptions()


@pytest.mark.parametrize(
    ("audio", "param"),
    [
        ([], "response.audio"),
        ({"output": 5}, "response.audio.output"),
        ({"output": {"voice": 5}}, "response.audio.output.voice"),
        ({"output": {"format": "pcm16"}}, "response.audio.output.format"),
        ({"output": {"format": {"type": "audio/mp3"}}}, "response.audio.output.format.type"),
        ({"output": {"format": {"type": "audio/pcm", "rate": 8000}}}, "response.audio.output.format.rate"),
    ],
)
def test_what_is_wrong_with_the_audio_is_named(audio: object, param: str) -> None:
    session = Session()
    (refused,) = session.send({"type": "response.create", "response": {"audio": audio}})
    assert (refused["error"]["param"], session.requests) == (param, [])


def test_a_format_of_one_answer_is_in_its_response_and_reaches_the_core() -> None:
    session = Session()
    audio = {"output": {"format": {"type": "audio/pcmu"}, "voice": "alpha"}}
    session.send({"type": "response.create", "response": {"audio": audio}})
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    assert (asked.options.codec, asked.options.voice) == ("g711u", "alpha")
    chat = session.chat()
    _, *rest = session.answers(chat, "Hi.")
    sent = session.tell(core.ChatBegan(chat, asked.origin), *rest, completed(chat))
    for kind in ("response.created", "response.done"):
        assert only(sent, kind)["response"]["audio"] == audio
    usual = session.tell(core.ChatBegan(session.chat()))[0]["response"]["audio"]["output"]
    assert usual == {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "joe"}


def test_nulls_of_a_client_are_as_if_left_out() -> None:
    session = Session()
    session.send({"type": "response.create", "response": {"instructions": None, "metadata": None, "tools": None}})
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    assert (asked.options.instructions, asked.options.tools) == (None, None)


def test_fields_without_an_effect_are_ignored() -> None:
    session = Session()
    response = {
        "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24_000}}},
        "prompt": {"id": "pmpt_1"},
        "reasoning": {"effort": "low"},
        "parallel_tool_calls": True,
        "conversation": "auto",
    }
    assert session.send({"type": "response.create", "response": response}) == []
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    assert asked.options == AnswerOptions()


def test_a_second_answer_cannot_be_asked_for_while_one_runs_or_is_awaited() -> None:
    session = Session()
    session.send({"type": "response.create"})
    for _ in range(2):
        (refused,) = session.send({"type": "response.create", "event_id": "e1"})
        assert refused["error"]["code"] == "conversation_already_has_active_response"
        assert refused["error"]["event_id"] == "e1"
        assert session.requests == []
        session.tell(core.ChatBegan(session.chat()))


@pytest.mark.parametrize(
    ("reason", "shown"), [("speech", "turn_detected"), ("client", "client_cancelled"), ("content", "client_cancelled")]
)
def test_an_interruption_ends_the_response(reason: core.InterruptionReason, shown: str) -> None:
    session = Session()
    chat = session.chat()
    sent = session.tell(*session.answers(chat, "Paris is", " big.")[:-2], core.OutputInterrupted(reason))
    done = only(sent, "response.done")["response"]
    assert done["status"] == "cancelled"
    assert done["status_details"] == {"type": "cancelled", "reason": shown}
    assert done["output"][0]["status"] == "incomplete"
    assert session.tell(core.OutputInterrupted(reason)) == [], "nothing runs any more"
    session.rules.check_end()


def test_a_failed_chat_is_a_failed_response_with_the_reason() -> None:
    session = Session()
    chat = session.chat()
    sent = session.tell(core.ChatBegan(chat), failed(chat, "the model is not there"))
    done = only(sent, "response.done")["response"]
    assert (done["status"], done["output"]) == ("failed", [])
    assert done["status_details"]["error"]["message"] == "the model is not there"
    assert "error" not in types(sent)


def test_an_answer_cut_at_its_limit_is_incomplete() -> None:
    session = Session()
    chat = session.chat()
    end = core.ChatCompleted(chat, "max_output_tokens")
    done = only(session.tell(*session.answers(chat, "One, two"), end), "response.done")["response"]
    assert done["status"] == "incomplete"
    assert done["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}


def test_an_announcement_is_a_response_of_its_own() -> None:
    session = Session()
    said = session.message(None, "answer", message_id=NO_ID)
    sent = session.tell(
        core.SentenceBegan(said, "This call is recorded."),
        core.SpeechDelta(said, b"\0\0", 10.0),
        core.SentenceBegan(said, "How can I help?"),
        core.SpeechDelta(said, b"\0\0", 10.0),
        core.SpeechCompleted(said),
    )
    done = only(sent, "response.done")["response"]
    assert done["status"] == "completed"
    assert done["output"][0]["content"][0]["transcript"] == "This call is recorded. How can I help?"


def test_cancelling_asks_the_core() -> None:
    session = Session()
    session.tell(core.ChatBegan(session.chat()))
    assert session.send({"type": "response.cancel"}) == []
    assert session.requests == [CancelOutput()]


def test_cancelling_nothing_is_the_error_that_clients_ignore() -> None:
    session = Session()
    for cancel in ({"type": "response.cancel"}, {"type": "response.cancel", "response_id": "resp_other"}):
        (refused,) = session.send(cancel)
        assert refused["error"]["code"] == "response_cancel_not_active"
        assert refused["error"]["message"].startswith("Cancellation failed")
        assert session.requests == []
        session.tell(core.ChatBegan(session.chat()))


def test_clearing_the_output_cuts_off_a_response_and_is_quiet_otherwise() -> None:
    session = Session()
    assert (session.send({"type": "output_audio_buffer.clear"}), session.requests) == ([], [])
    session.tell(core.ChatBegan(session.chat()))
    assert (session.send({"type": "output_audio_buffer.clear"}), session.requests) == ([], [CancelOutput()])


def test_an_answer_that_is_overtaken_before_it_begins_is_shown_as_cancelled() -> None:
    session = Session()
    session.send({"type": "response.create", "response": {"metadata": {"a": "b"}}})
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    sent = session.tell(core.RequestRefused(4000, "the user spoke on", origin=asked.origin))
    assert types(sent) == ["response.created", "rate_limits.updated", "response.done"]
    assert sent[-1]["response"]["status"] == "cancelled"
    assert sent[-1]["response"]["metadata"] == {"a": "b"}
    session.send({"type": "response.create"})
    assert session.requests != [], "the next one may come"


def test_an_answer_that_its_client_cancels_before_it_begins_is_cancelled_by_the_client() -> None:
    session = Session()
    session.send({"type": "response.create"})
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    session.send({"type": "response.cancel"})
    assert session.requests == [CancelOutput()]
    (*_, done) = session.tell(core.RequestRefused(4016, "it was stopped", origin=asked.origin))
    assert done["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}


def test_an_answer_that_is_refused_while_another_one_runs_leaves_that_alone() -> None:
    session = Session()
    session.send({"type": "response.create", "event_id": "mine"})
    (asked,) = session.requests
    assert isinstance(asked, AnswerNow)
    chat = session.chat()
    began, *answer = session.answers(chat, "Hello.")
    session.tell(began)
    (refused,) = session.tell(core.RequestRefused(4016, "another one runs", origin=asked.origin))
    assert (refused["error"]["code"], refused["error"]["event_id"]) == (
        "conversation_already_has_active_response",
        "mine",
    )
    sent = session.tell(*answer, completed(chat))
    assert only(sent, "response.done")["response"]["status"] == "completed"
    session.rules.check_end()


def test_a_session_of_type_transcription_makes_no_responses() -> None:
    session = Session(type="transcription")
    (refused,) = session.send({"type": "response.create"})
    assert refused["type"] == "error"
