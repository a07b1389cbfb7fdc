"""What is sent to a client when, and what counts as a difference; in virtual time."""

import json
from pathlib import Path
from typing import Any

import pytest

from kouyu.cassettes.format import Close
from kouyu.cassettes.playback import STALL_S, Playback
from kouyu.cassettes.reading import read_cassette
from tests.cassettes.recorded import audio, down, end, playing, recording, said, up

SERVICE = Path(__file__).parents[1] / "traces" / "cassette"
MESSAGE = "conversation.message.create"
ANSWER = "conversation.message.completed"
TYPED = recording(
    down(0.1, "chat.created"),
    up(1.0, MESSAGE, {"content": "Hello", "message_id": "mine-1"}, id="event-0001"),
    down(1.5, "conversation.chat.created", {"id": "chat-7"}),
    down(2.5, ANSWER, {"content": "Hi", "reply_to": "event-0001", "question_id": "mine-1"}),
    up(9.0, "conversation.chat.submit_tool_outputs", {"chat_id": "chat-7"}),
    down(9.2, "conversation.chat.completed"),
    end(9.3, "client", 1000),
)
SPOKEN = recording(
    down(0.0, "chat.created"),
    *(audio(0.1 * number, 1000) for number in range(1, 11)),
    down(1.05, "input_audio_buffer.speech_stopped"),
    down(1.4, "conversation.chat.created"),
    *(audio(1.0 + 0.1 * number, 1000) for number in range(1, 31)),
    down(4.0, "conversation.chat.completed"),
)
PUSHED = recording(
    down(0.0, "chat.created"),
    *(audio(0.1 * number, 1000) for number in range(1, 11)),
    up(1.2, "input_audio_buffer.complete"),
    down(1.4, "conversation.chat.created"),
)


def event(event_type: str, data: Any = None, **more: Any) -> dict[str, Any]:
    return {"event_type": event_type, "data": data, **more}


def difference(playback: Playback) -> str:
    assert playback.difference is not None
    return str(playback.difference)


def test_events_come_as_long_after_what_they_follow_as_in_the_recording() -> None:
    playback = playing(TYPED)
    assert said(playback, 60) == [(0.1, "chat.created")]
    playback.receive(event(MESSAGE, {"content": "Hello", "message_id": "mine-1"}), None, 60.0)
    assert said(playback, 99) == [(60.5, "conversation.chat.created"), (61.5, ANSWER)]


def test_a_fast_playback_waits_for_the_client_alone() -> None:
    playback = playing(TYPED, fast=True)
    assert said(playback, 0) == [(0.0, "chat.created")]
    playback.receive(event(MESSAGE, {"content": "Hello", "message_id": "mine-1"}), None, 3.0)
    assert said(playback, 3) == [(3.0, "conversation.chat.created"), (3.0, ANSWER)]


def test_what_came_before_a_message_goes_out_at_once_when_the_client_is_ahead() -> None:
    playback = playing(TYPED)
    playback.receive(event(MESSAGE, {"content": "Hello", "message_id": "mine-1"}), None, 0.0)
    playback.receive(event("conversation.chat.submit_tool_outputs", {"chat_id": "chat-7"}), None, 0.2)
    assert [name for _, name in said(playback, 0.2)] == ["chat.created", "conversation.chat.created", ANSWER]
    assert said(playback, 9) == [(0.4, "conversation.chat.completed")]


def test_ids_that_the_client_made_are_carried_over() -> None:
    playback = playing(TYPED, fast=True)
    playback.receive(event(MESSAGE, {"content": "Hello", "message_id": "mine-2"}, id="event-0002"), None, 0.0)
    sent = [json.loads(text) for _ in range(3) if isinstance(text := playback.take(0.0), str)]
    assert sent[-1]["data"] == {"content": "Hi", "reply_to": "event-0002", "question_id": "mine-2"}


def test_ids_that_the_server_made_must_come_back_as_they_were() -> None:
    playback = playing(TYPED, fast=True)
    playback.receive(event(MESSAGE, {"content": "Hello", "message_id": "x"}), None, 0.0)
    playback.receive(event("conversation.chat.submit_tool_outputs", {"chat_id": "chat-8"}), None, 0.0)
    assert difference(playback) == (
        "connection-0001.jsonl, line 6: expected conversation.chat.submit_tool_outputs with data.chat_id "
        '"chat-7"; got "chat-8"'
    )


def test_an_id_out_of_an_answer_to_a_request_is_the_servers() -> None:
    recorded = recording(up(0.0, "chat.update", {"chat_config": {"conversation_id": "made-by-rest"}}))
    other = event("chat.update", {"chat_config": {"conversation_id": "another"}})
    playback = playing(recorded, rest_ids=frozenset({"made-by-rest"}))
    playback.receive(other, None, 0.0)
    assert 'got "another"' in difference(playback)
    playback = playing(recorded)
    playback.receive(other, None, 0.0)
    assert playback.difference is None


def test_another_text_is_a_difference_with_its_place_and_nothing_follows() -> None:
    playback = playing(TYPED)
    playback.receive(event(MESSAGE, {"content": "Goodbye", "message_id": "mine-1"}), None, 0.0)
    assert difference(playback) == (
        'connection-0001.jsonl, line 3: expected conversation.message.create with data.content "Hello"; got "Goodbye"'
    )
    assert said(playback, 99) == []


def test_another_event_one_too_many_and_an_early_end_are_differences() -> None:
    playback = playing(TYPED)
    playback.receive(event("conversation.clear"), None, 0.0)
    assert difference(playback).endswith("line 3: expected conversation.message.create; got conversation.clear")
    playback = playing(recording(down(0.0, "chat.created")))
    playback.receive(event("conversation.clear"), None, 0.0)
    assert difference(playback).endswith("expected no more message; got conversation.clear")
    playback = playing(TYPED)
    playback.client_closed(1000)
    assert "got the end of the connection by the client (code 1000)" in difference(playback)


def test_an_update_that_the_recording_lacks_is_answered_by_rule() -> None:
    playback = playing(TYPED)
    (answer,) = playback.receive(event("chat.update", {"output_audio": {"codec": "opus"}}), None, 0.0)
    updated = json.loads(answer)
    assert updated["event_type"] == "chat.updated"
    assert updated["data"]["output_audio"]["codec"] == "opus"
    (second,) = playback.receive(event("chat.update", {"turn_detection": {"type": "server_vad"}}), None, 0.0)
    assert json.loads(second)["data"]["output_audio"]["codec"] == "opus"
    assert playback.difference is None


def test_an_update_that_differs_from_the_recorded_one_is_a_difference() -> None:
    recorded = recording(up(0.0, "chat.update", {"output_audio": {"codec": "pcm"}}), down(0.1, "chat.updated"))
    playback = playing(recorded)
    assert playback.receive(event("chat.update", {"output_audio": {"codec": "opus"}}), None, 0.0) == []
    assert 'data.output_audio.codec "pcm"; got "opus"' in difference(playback)


def test_events_that_report_on_audio_wait_for_its_amount_and_their_followers_for_them() -> None:
    playback = playing(SPOKEN)
    for number in range(5):
        playback.receive(None, 1500, 10.0 + number)
        assert [name for _, name in said(playback, 10.0 + number)] == (["chat.created"] if number == 0 else [])
    playback.receive(None, 2500, 20.0)
    assert said(playback, 99) == [
        (20.05, "input_audio_buffer.speech_stopped"),
        (20.4, "conversation.chat.created"),
        (23.0, "conversation.chat.completed"),
    ]


def test_audio_that_stops_nearly_at_the_amount_counts_as_it() -> None:
    playback = playing(SPOKEN)
    playback.receive(None, 7900, 1.0)
    assert said(playback, 99) == [(0.0, "chat.created")]
    playback.receive(None, 200, 2.0)
    assert said(playback, 99)[0] == (2.0 + STALL_S, "input_audio_buffer.speech_stopped")


@pytest.mark.parametrize(("amount", "fits"), [(8000, True), (12_000, True), (7900, False), (12_100, False), (0, False)])
def test_push_to_talk_needs_about_as_much_audio_as_was_recorded(amount: int, fits: bool) -> None:
    playback = playing(PUSHED)
    if amount:
        playback.receive(None, amount, 1.0)
    playback.receive(event("input_audio_buffer.complete"), None, 1.0)
    assert (playback.difference is None) == fits
    if not fits:
        assert f"about 10000 bytes of audio before input_audio_buffer.complete; got {amount} bytes" in difference(
            playback
        )


def test_an_open_microphone_may_send_any_amount_that_was_reported_on() -> None:
    playback = playing(SPOKEN)
    playback.receive(None, 900_000, 1.0)
    playback.client_closed(1006)
    assert playback.difference is None
    playback = playing(SPOKEN)
    playback.receive(None, 5000, 1.0)
    playback.client_closed(1006)
    assert "expected 10000 bytes of audio; got 5000 bytes, then the end" in difference(playback)


def test_audio_where_none_was_recorded_is_a_difference() -> None:
    playback = playing(TYPED)
    playback.receive(None, 640, 0.0)
    assert difference(playback).endswith(
        "expected conversation.message.create; got input_audio_buffer.append of 640 bytes"
    )


def test_the_servers_close_is_played() -> None:
    playback = playing(recording(up(0.0, MESSAGE, {}), end(2.0, "server", 1001)))
    playback.receive(event(MESSAGE, {}), None, 5.0)
    assert playback.due_at() == 7.0
    assert playback.take(7.0) == Close(1001)
    playback.client_closed(1001)
    assert playback.difference is None


def test_the_recording_that_fits_is_played_on_where_several_have_begun_alike() -> None:
    first = recording(
        down(0.0, "chat.created", id="1", detail={"logid": "log-of-first"}), up(1.0, MESSAGE, {"content": "a"})
    )
    second = recording(
        down(0.0, "chat.created", id="2", detail={"logid": "log-of-second"}),
        up(1.0, MESSAGE, {"content": "b"}),
        down(1.0, ANSWER, {"content": "you said b"}, detail={"logid": "log-of-second"}),
        name="connection-0002.jsonl",
    )
    playback = playing(first, second)
    assert said(playback, 0) == [(0.0, "chat.created")]
    playback.receive(event(MESSAGE, {"content": "b"}), None, 1.0)
    answer = playback.take(1.0)
    assert isinstance(answer, str)
    assert json.loads(answer)["data"] == {"content": "you said b"}
    assert json.loads(answer)["detail"] == {"logid": "log-of-first"}


def test_a_recording_that_has_begun_in_another_way_is_not_played_on() -> None:
    first = recording(down(0.0, ANSWER, {"content": "Good morning"}), up(1.0, MESSAGE, {"content": "a"}))
    second = recording(down(0.0, ANSWER, {"content": "Good night"}), up(1.0, MESSAGE, {"content": "b"}))
    playback = playing(first, second)
    said(playback, 0)
    playback.receive(event(MESSAGE, {"content": "b"}), None, 1.0)
    assert 'expected conversation.message.create with data.content "a"; got "b"' in difference(playback)


def test_recorded_sessions_of_the_service_are_sent_in_their_order() -> None:
    for connection in read_cassette(SERVICE).connections:
        playback = playing(connection, fast=True)
        for entry in connection.entries:
            if entry.sender == "client":
                playback.receive(entry.event, entry.audio.bytes if entry.audio else None, 0.0)
        recorded = [
            entry.event["event_type"] for entry in connection.entries if entry.sender == "server" and entry.event
        ]
        assert [name for _, name in said(playback, 0)] == recorded
        playback.client_closed(1000)
        assert playback.difference is None
