"""Coze's side of a live session: what its messages mean, and which events a client is sent."""

import json
from typing import Any

import msgspec
import pytest

from kouyu.domain.combinations import check_object
from kouyu.domain.configuration import AsrConfig, Configuration
from kouyu.domain.errors import InvalidField
from kouyu.domain.events import (
    BufferCleared,
    Configured,
    Connected,
    OutputInterrupted,
    RequestRefused,
    Resumed,
    SpeechDropped,
)
from kouyu.domain.requests import ClearBuffer, CompleteBuffer, SubmitOutputs, UnknownRequest
from kouyu.domain.tool_calls import ToolOutput
from kouyu.protocol.coze.chat_wire import CozeWire
from kouyu.protocol.wire import Audio, Reconfigure, Refused, RequestedConfiguration

AUDIO_ONLY = msgspec.structs.replace(Configuration(), event_subscriptions=("conversation.audio.delta",))
NO_AUDIO = msgspec.structs.replace(Configuration(), event_subscriptions=("conversation.message.delta",))


def read(event_type: str, **data: Any) -> Any:
    """What one event means."""
    (only,) = CozeWire("log").read(json.dumps({"event_type": event_type, "data": data}))
    return only


def requested(**data: Any) -> RequestedConfiguration:
    update = read("chat.update", **data)
    assert isinstance(update, Reconfigure)
    return update.read(Configuration(), check_object)


def test_audio_requests_and_faults_are_told_apart() -> None:
    assert read("input_audio_buffer.append", delta="AQI=") == Audio(b"\x01\x02")
    assert read("input_audio_buffer.clear") == ClearBuffer()
    assert read("ping") == UnknownRequest("ping")
    (refused,) = CozeWire("log").read("no JSON")
    assert isinstance(refused, Refused)
    assert (refused.fault.code, refused.origin) == (4000, "no JSON")


def test_outputs_of_tools_come_with_their_message_for_the_error_that_may_refuse_them() -> None:
    message = json.dumps(
        {
            "event_type": "conversation.chat.submit_tool_outputs",
            "data": {"chat_id": "3", "tool_outputs": [{"tool_call_id": "c", "output": "o"}]},
        }
    )
    outputs = (ToolOutput(tool_call_id="c", output="o"),)
    assert CozeWire("log").read(message) == (SubmitOutputs(chat_id="3", outputs=outputs, origin=message),)


@pytest.mark.parametrize("as_bytes", [False, True])
def test_the_audio_of_a_usual_append_is_taken_from_its_message_at_once(as_bytes: bool) -> None:
    def frame(message: str) -> bytes | None:
        return CozeWire("log").frame_of_audio(message.encode() if as_bytes else message)

    assert frame('{"event_type": "input_audio_buffer.append", "data": {"delta": "AQI="}}') == b"\x01\x02"
    assert frame('{"event_type": "input_audio_buffer.append", "data": {"delta": "?"}}') is None
    assert frame('{"event_type": "input_audio_buffer.clear"}') is None
    assert frame("no JSON") is None


@pytest.mark.parametrize("message", ["口" * 3000, ("口" * 3000).encode()])
def test_an_error_quotes_the_first_2000_characters_of_a_message(message: str | bytes) -> None:
    assert CozeWire("log").origin_of(message) == "口" * 2000


def test_hints_name_what_a_client_of_coze_sends() -> None:
    words = CozeWire("log").words
    assert isinstance(read(words.configure), Reconfigure)
    assert read(words.append, delta="AQI=") == Audio(b"\x01\x02")
    assert read(words.complete) == CompleteBuffer()
    assert read(words.clear) == ClearBuffer()
    field, push_to_talk = words.push_to_talk.split()
    for kind in (push_to_talk, words.free_talk):
        assert requested(**{field: {"type": kind}}).configuration.turn_detection.type == kind


def test_a_requested_configuration_has_the_faults_and_the_misspelt_fields_of_its_update() -> None:
    found = requested(asr_config={"context": 5}, turn_detection={"typ": "server_vad"}, chat_config={"user_id": "ada"})
    assert found.configuration.chat_config.user_id == "ada"
    assert found.configuration.asr_config == Configuration().asr_config
    assert [fault.field for fault in found.faults] == ["data.asr_config.context"]
    assert found.misspelt == (
        "data.turn_detection.typ is not known and has no effect; data.turn_detection.type may be meant",
    )


def test_what_is_refused_later_is_as_before() -> None:
    found = requested(chat_config={"user_id": "ada"}, voice_processing_config={"enable_pdns": True})
    fault = InvalidField("data.voice_processing_config.voice_print_feature_id", None, "a stored voiceprint")
    refused = found.refuse(fault, Configuration())
    assert refused.faults == (fault,)
    assert not refused.configuration.voice_processing_config.enable_pdns
    assert refused.configuration.chat_config.user_id == "ada"


@pytest.mark.parametrize(
    ("subscribed", "takes_audio"),
    [([], True), (["conversation.audio.delta"], True), (["conversation.message.delta"], False)],
)
def test_a_client_takes_audio_unless_it_subscribes_to_other_events_alone(
    subscribed: list[str], takes_audio: bool
) -> None:
    found = requested(event_subscriptions=subscribed)
    assert found.options.takes_audio == takes_audio
    assert CozeWire("log").options_of(found.configuration) == found.options


def test_a_language_is_requested_and_holds_without_interim_transcripts_alone() -> None:
    streaming = requested(asr_config={"user_language": "en-US"})
    assert streaming.configuration.asr_config.user_language == "en-US"
    assert streaming.options.recognition == AsrConfig()
    whole = requested(asr_config={"user_language": "en-US", "stream_mode": "output_no_stream"})
    assert (whole.configuration.asr_config.user_language, whole.options.recognition) == ("en-US", None)


def test_a_client_is_sent_what_it_subscribes_to_and_errors() -> None:
    wire = CozeWire("log")
    assert [event.event_type for event in wire.told(Connected())] == ["chat.created"]
    assert [event.event_type for event in wire.told(Configured(AUDIO_ONLY))] == ["chat.updated"]
    assert wire.told(BufferCleared()) == ()
    assert wire.told(OutputInterrupted("client")) == ()
    assert wire.told(SpeechDropped()) == ()
    assert [event.event_type for event in wire.told(RequestRefused(4000, "no"))] == ["error"]
    assert wire.told(Configured(Configuration())) == ()
    assert [event.event_type for event in wire.told(BufferCleared())] == ["input_audio_buffer.cleared"]


def test_a_client_that_dialled_again_is_sent_what_it_subscribed_to_before() -> None:
    wire = CozeWire("log")
    assert wire.told(Resumed(NO_AUDIO)) == ()
    assert wire.told(BufferCleared()) == ()


def test_each_message_has_an_id_of_its_own_the_log_id_and_the_time() -> None:
    wire = CozeWire("the log")
    (event,) = wire.told(Connected())
    first, second = (json.loads(wire.encoded(event)) for _ in range(2))
    assert first["event_type"] == "chat.created"
    assert first["id"] != second["id"]
    assert first["detail"]["logid"] == "the log"
    assert int(first["detail"]["respond_at"]) > 1_700_000_000_000


def test_no_message_lets_audio_overtake_it() -> None:
    assert not CozeWire("log").is_apart_from_audio('{"event_type": "conversation.clear"}')
