"""What clients of the audio endpoints send."""

import json
from typing import Any

import pytest

from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.protocol.coze.audio_endpoint_uplink import (
    AudioEndpointName,
    AudioUpdate,
    InputTextBufferAppend,
    InputTextBufferComplete,
    parse_audio_event,
)
from kouyu.protocol.coze.uplink import (
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferComplete,
    UnknownEvent,
)


def parsed(endpoint: AudioEndpointName, event_type: str, **event: Any) -> Any:
    return parse_audio_event(endpoint, json.dumps({"event_type": event_type, **event}))


@pytest.mark.parametrize("endpoint", ["speech", "transcriptions", "simult_interpretation"])
def test_an_endpoint_knows_its_own_update_alone(endpoint: AudioEndpointName) -> None:
    assert parsed(endpoint, f"{endpoint}.update", data={"a": 1}, id="7") == AudioUpdate(id="7", data={"a": 1})
    assert parsed(endpoint, "chat.update", data={}) == UnknownEvent(event_type="chat.update")


def test_text_comes_to_speech_and_audio_to_the_others() -> None:
    assert parsed("speech", "input_text_buffer.append", data={"delta": "hi"}) == InputTextBufferAppend(delta="hi")
    assert parsed("speech", "input_text_buffer.complete") == InputTextBufferComplete()
    append = {"data": {"delta": "AAAA"}}
    assert parsed("transcriptions", "input_audio_buffer.append", **append) == InputAudioBufferAppend(delta=bytes(3))
    assert parsed("simult_interpretation", "input_audio_buffer.complete", data=None) == InputAudioBufferComplete()
    assert parsed("transcriptions", "input_audio_buffer.clear", data={}) == InputAudioBufferClear()
    assert isinstance(parsed("speech", "input_audio_buffer.append", **append), UnknownEvent)
    assert isinstance(parsed("transcriptions", "input_text_buffer.append", data={"delta": "hi"}), UnknownEvent)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"event_type":7}'])
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse_audio_event("speech", text)


@pytest.mark.parametrize(
    ("endpoint", "event_type", "data", "field"),
    [
        ("speech", "input_text_buffer.append", {}, "data.delta"),
        ("speech", "input_text_buffer.append", {"delta": 7}, "data.delta"),
        ("speech", "speech.update", [], "data"),
        ("transcriptions", "input_audio_buffer.append", {"delta": "*"}, "data.delta"),
    ],
)
def test_a_faulty_field_is_named(endpoint: AudioEndpointName, event_type: str, data: Any, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parsed(endpoint, event_type, data=data)
    assert refused.value.field == field
