"""A response is in writing or spoken from its beginning on, and ends once, whatever else comes of its chat."""

import base64

import pytest

from kouyu.domain import events as core
from tests.protocol.openai.session import CALL, Json, Session, asks, completed, only, types


def in_writing(session: Session) -> None:
    session.update(output_modalities=["text"])


def test_the_audio_of_an_answer_that_is_shown_in_writing_is_not_sent() -> None:
    """The client asked for text when the core had made up its mind to speak already."""
    session = Session()
    in_writing(session)
    chat = session.chat()
    sent = session.tell(*session.answers(chat, "Paris. ", "In France."), completed(chat))
    assert not any("audio" in kind for kind in types(sent))
    (item,) = only(sent, "response.done")["response"]["output"]
    assert item["content"] == [{"type": "output_text", "text": "Paris. In France."}]
    session.rules.check_end()


def test_a_spoken_answer_goes_on_as_it_began_when_the_session_changes_to_text() -> None:
    session = Session()
    chat = session.chat()
    began, *answer = session.answers(chat, "Paris.")
    session.tell(began)
    in_writing(session)
    sent = session.tell(*answer, completed(chat))
    assert base64.b64decode(only(sent, "response.output_audio.delta")["delta"]) == b"\1\2" * 8
    response = only(sent, "response.done")["response"]
    assert (response["output_modalities"], response["output"][0]["content"][0]["type"]) == (["audio"], "output_audio")


@pytest.mark.parametrize("reason", ["speech", "client"])
def test_a_response_that_was_interrupted_has_nothing_more_to_tell(reason: core.InterruptionReason) -> None:
    session = Session()
    chat = session.chat()
    answer = session.message(chat, "answer", "Paris.")
    sent = session.tell(core.ChatBegan(chat), core.AnswerDelta(answer), core.OutputInterrupted(reason))
    assert types(sent)[-1] == "response.done"
    late: list[core.Event] = [
        core.AnswerDelta(answer),
        core.SpeechDelta(answer, b"\0\0", 20.0),
        core.SpeechPaused(answer),
        core.SpeechCompleted(answer),
        asks(chat, CALL),
        completed(chat),
    ]
    for event in late:
        assert session.tell(event) == [], event
    assert asked_anew(session)["status"] == "completed"
    session.rules.check_end()


def asked_anew(session: Session) -> Json:
    """The next response of the session, after its end."""
    chat = session.chat()
    response: Json = only(session.tell(*session.answers(chat, "Yes."), completed(chat)), "response.done")["response"]
    return response
