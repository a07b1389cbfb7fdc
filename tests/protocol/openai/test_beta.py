"""The beta's spelling, for clients that ask for it, in both directions."""

import json

from kouyu.domain import events as core
from kouyu.protocol.openai.beta import from_beta, to_beta
from tests.protocol.openai.session import CALL, Json, Session, asks, completed, only


def beta(events: list[Json]) -> list[Json]:
    return [to_beta(event) for event in events if event["type"] != "conversation.item.done"]


def test_an_answer_has_the_names_of_the_beta() -> None:
    session = Session()
    chat = session.chat()
    told = beta(session.tell(*session.answers(chat, "Paris."), completed(chat)))
    assert [event["type"] for event in told] == [
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.created",
        "response.content_part.added",
        "response.audio_transcript.delta",
        "response.audio.delta",
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    response = told[-1]["response"]
    assert (response["modalities"], response["voice"]) == (["text", "audio"], "joe")
    assert response["output"][0]["content"] == [{"type": "audio", "transcript": "Paris."}]
    assert "output_modalities" not in json.dumps(told)


def test_the_session_is_flat() -> None:
    flat = to_beta(Session().sent[0])["session"]
    assert (flat["input_audio_format"], flat["output_audio_format"]) == ("pcm16", "pcm16")
    assert (flat["modalities"], flat["voice"], flat["max_response_output_tokens"]) == (["text", "audio"], "joe", "inf")
    assert flat["turn_detection"]["type"] == "server_vad"
    assert "audio" not in flat


def test_an_update_of_a_flat_session() -> None:
    session = Session()
    update = {
        "modalities": ["text"],
        "instructions": "Be brief.",
        "voice": "alpha",
        "input_audio_format": "g711_ulaw",
        "output_audio_format": "g711_alaw",
        "input_audio_transcription": {"model": "whisper-1"},
        "turn_detection": None,
        "max_response_output_tokens": 7,
        "temperature": 0.8,
    }
    (updated,) = session.send(from_beta({"type": "session.update", "session": update}))
    flat = to_beta(updated)["session"]
    for name, value in update.items():
        shown = flat[name]
        assert (shown["model"] if name == "input_audio_transcription" else shown) == (
            "whisper-1" if name == "input_audio_transcription" else value
        )


def test_a_response_of_a_beta_client() -> None:
    session = Session()
    response = {"modalities": ["text"], "max_output_tokens": 9}
    session.send(from_beta({"type": "response.create", "response": response}))
    sent = session.tell(core.ChatBegan(session.chat(), getattr(session.requests[0], "origin", None)))
    assert (sent[0]["response"]["output_modalities"], sent[0]["response"]["max_output_tokens"]) == (["text"], 9)


def test_a_response_in_another_voice_has_the_modalities_of_the_session() -> None:
    session = Session()
    session.send(from_beta({"type": "response.create", "response": {"voice": "alpha"}}))
    (asked,) = session.requests
    begun = session.tell(core.ChatBegan(session.chat(), getattr(asked, "origin", None)))
    response = to_beta(begun[0])["response"]
    assert (response["voice"], response["modalities"]) == ("alpha", ["text", "audio"])


def test_a_response_in_another_format() -> None:
    session = Session()
    session.send(from_beta({"type": "response.create", "response": {"output_audio_format": "g711_ulaw"}}))
    (asked,) = session.requests
    begun = session.tell(core.ChatBegan(session.chat(), getattr(asked, "origin", None)))
    response = to_beta(begun[0])["response"]
    assert (response["output_audio_format"], response["voice"]) == ("g711_ulaw", "joe")


def test_a_call_is_the_same_item_in_the_beta() -> None:
    session = Session()
    chat = session.chat()
    sent = session.tell(core.ChatBegan(chat), asks(chat, CALL))
    made = only(sent, "response.output_item.done")
    assert to_beta(made)["item"] == made["item"]
    assert (made["item"]["name"], made["item"]["call_id"]) == ("get_weather", "call_1")


def test_a_transcription_session_of_the_beta() -> None:
    session = Session()
    update = {"input_audio_transcription": {"model": "whisper-1"}, "turn_detection": {"threshold": 0.4}}
    (updated,) = session.send(from_beta({"type": "transcription_session.update", "session": update}))
    assert updated["session"]["type"] == "transcription"
    flat = to_beta(updated)["session"]
    assert flat["turn_detection"]["threshold"] == 0.4


def test_what_is_not_known_is_left_as_it_is() -> None:
    assert from_beta({"type": "session.update", "session": 5}) == {"type": "session.update", "session": 5}
    assert from_beta({"type": "response.cancel"}) == {"type": "response.cancel"}
