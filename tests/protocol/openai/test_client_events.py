"""Reading of client events: the eleven types, and errors that name the field."""

import base64
import json
from typing import Any, get_args

import pytest
from openai.types.realtime import RealtimeClientEvent

from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.protocol.openai.client_events import (
    KNOWN_EVENTS,
    AppendAudio,
    TruncateItem,
    frame_of_audio,
    parse,
)
from kouyu.protocol.openai.event_ids import event_id_of
from kouyu.protocol.openai.faults import RefusedEvent, detail_of

AUDIO = bytes(range(200)) * 4


def append(audio: str, **fields: Any) -> str:
    return json.dumps({"type": "input_audio_buffer.append", "audio": audio, **fields})


def test_all_client_events_of_the_protocol_are_known() -> None:
    models = get_args(get_args(RealtimeClientEvent)[0])
    assert {get_args(model.model_fields["type"].annotation)[0] for model in models} == set(KNOWN_EVENTS)


def test_audio() -> None:
    text = append(base64.b64encode(AUDIO).decode(), event_id="e1")
    assert frame_of_audio(text) == AUDIO
    assert parse(text) == AppendAudio(event_id="e1", audio=AUDIO)


def test_audio_of_several_megabytes() -> None:
    audio = bytes(3_000_000)
    assert parse(append(base64.b64encode(audio).decode(), event_id="e1")) == AppendAudio(event_id="e1", audio=audio)


@pytest.mark.parametrize("text", ["{}", "nonsense", json.dumps({"type": "response.create"}), append("?")])
def test_what_is_no_frame_of_audio(text: str) -> None:
    assert frame_of_audio(text) is None


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ("nonsense", "invalid_json", ""),
        ("[1]", "invalid_event", ""),
        ({}, "missing_required_parameter", "type"),
        ({"type": 5}, "invalid_value", "type"),
        ({"type": "response.make"}, "invalid_value", "type"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "?!"}, "invalid_value", "audio"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": []}, "invalid_value", "session"),
        ({"type": "conversation.item.retrieve"}, "missing_required_parameter", "item_id"),
        ({"type": "conversation.item.delete", "item_id": ""}, "invalid_value", "item_id"),
        ({"type": "conversation.item.truncate", "item_id": "a"}, "missing_required_parameter", "audio_end_ms"),
        ({"type": "conversation.item.truncate", "item_id": "a", "audio_end_ms": -1}, "invalid_value", "audio_end_ms"),
        ({"type": "response.create", "response": 7}, "invalid_value", "response"),
    ],
)
def test_errors_name_the_field(event: Any, code: str, param: str) -> None:
    text = event if isinstance(event, str) else json.dumps(event)
    with pytest.raises(ProtocolError) as caught:
        parse(text)
    detail = detail_of(caught.value, "e1")
    assert (detail.code, detail.param or "", detail.event_id) == (code, param, "e1")


def test_an_event_of_unknown_type_is_told_of_the_known_ones() -> None:
    with pytest.raises(InvalidField, match=r"conversation\.item\.create, "):
        parse('{"type": "conversation.message.create"}')


def test_an_event_that_is_too_large() -> None:
    with pytest.raises(RefusedEvent, match="too large"):
        parse(json.dumps({"type": "session.update", "session": {"instructions": "x" * 2_000_000}}))


def test_an_event_that_is_nested_too_deeply() -> None:
    with pytest.raises(RefusedEvent, match="nested too deeply") as caught:
        parse('{"type":"session.update","session":' + "[" * 30_000 + "]" * 30_000 + "}")
    assert caught.value.name == "invalid_json"


def test_a_position_without_an_index_is_of_the_first_part() -> None:
    event = parse('{"type": "conversation.item.truncate", "item_id": "a", "audio_end_ms": 5.0}')
    assert event == TruncateItem(item_id="a", content_index=0, audio_end_ms=5)


def test_the_id_of_an_event() -> None:
    assert event_id_of('{"type": "x", "event_id": "e9"}') == "e9"
    assert event_id_of('{"event_id": 9}') is None
    assert event_id_of("nonsense") is None
    assert event_id_of('{"event_id": ""}') is None


def test_an_event_that_is_too_large_is_answered_under_its_id() -> None:
    large = {"type": "conversation.item.create", "item": {"text": "x" * 2_000_000}, "event_id": "e9"}
    assert event_id_of(json.dumps(large)) == "e9"
    assert event_id_of(json.dumps({"event_id": "e9", "item": [0] * 70_000}) + "\0") == "e9"


DEEP = "[" * 30_000 + "]" * 30_000


@pytest.mark.parametrize(
    ("event", "event_id"),
    [
        (f'{{"type": "session.update", "session": {DEEP}, "event_id" : "e9"}}', "e9"),
        (f'\ufeff{{"event_id": "e9", "session": {DEEP}}}', "e9"),
        (f'{{"n": "event_id", "i": [{{"event_id": "x"}}, "}}"], "d": {DEEP}, "event_id": "\\u00e9\\"9"}}', 'é"9'),
        (f'{{"session": {DEEP}, "event_id": 9}}', None),
        (f'{{"session": {DEEP}}}', None),
        (f'{{"session": {DEEP}, "event_id": "without an end', None),
        (f'{{"session": {DEEP}, "event_id": "', None),
        (f'{{"session": {DEEP * 3}, "event_id": "too far"}}', None),
        (f'{{"session": {DEEP}, "text": "' + '\\"' * 200_000, None),
    ],
)
def test_an_event_that_is_nested_too_deeply_is_answered_under_its_id(event: str, event_id: str | None) -> None:
    assert event_id_of(event) == event_id
