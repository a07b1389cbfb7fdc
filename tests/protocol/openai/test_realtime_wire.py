"""OpenAI's side of a live session: what messages mean, and what is told of events."""

import base64
import json
from typing import Any

import pytest

from kouyu.domain import events as core
from kouyu.domain.configuration import ChatConfig, Configuration, OutputAudio
from kouyu.domain.errors import InvalidField
from kouyu.domain.requests import AnswerNow, CompleteBuffer, WriteMessage
from kouyu.protocol.openai.client_events import KNOWN_EVENTS
from kouyu.protocol.openai.realtime_wire import RealtimeWire
from kouyu.protocol.openai.session_settings import SessionSettings
from kouyu.protocol.wire import Answered, Audio, Heard, Prepare, Reconfigure, Speech
from tests.protocol.openai.wire_rules import Json

KNOWN = ("joe", "alpha")


def check(value: object) -> None:
    """What a server checks that refuses unknown voices."""
    if isinstance(value, OutputAudio) and value.voice_id not in (None, *KNOWN):
        raise InvalidField("data.output_audio.voice_id", value.voice_id, ", ".join(KNOWN))


def opened(**how: Any) -> tuple[RealtimeWire, list[Json]]:
    """A wire after its session has begun, and what was sent then."""
    wire = RealtimeWire(SessionSettings(model="kouyu"), **how)
    assert wire.told(core.Connected()) == ()
    requested = wire.opening().read(Configuration(), check)
    assert requested.configuration.turn_detection.type == "server_vad"
    return wire, configured(wire, requested.configuration)


def configured(wire: RealtimeWire, requested: Configuration) -> list[Json]:
    output = OutputAudio(voice_id=requested.output_audio.voice_id or "joe")
    chat = ChatConfig(conversation_id="77")
    in_force = Configuration(input_audio=requested.input_audio, output_audio=output, chat_config=chat)
    return [json.loads(wire.encoded(told)) for told in wire.told(core.Configured(in_force))]


def update(wire: RealtimeWire, **output: Any) -> Reconfigure:
    session = {"type": "realtime", "audio": {"output": output}}
    (read,) = wire.read(json.dumps({"type": "session.update", "event_id": "e1", "session": session}))
    assert isinstance(read, Reconfigure)
    return read


def test_a_session_begins_with_what_is_in_force() -> None:
    _, sent = opened()
    assert [event["type"] for event in sent] == ["session.created", "conversation.created"]
    assert sent[0]["session"]["audio"]["output"]["voice"] == "joe"
    assert sent[1]["conversation"]["id"] == "conv_77"
    assert len({event["event_id"] for event in sent}) == 2


def test_an_update_is_answered_when_it_is_in_force() -> None:
    wire, _ = opened()
    requested = update(wire, voice="alpha").read(Configuration(), check)
    assert (requested.configuration.output_audio.voice_id, requested.faults) == ("alpha", ())
    (updated,) = configured(wire, requested.configuration)
    assert (updated["type"], updated["session"]["audio"]["output"]["voice"]) == ("session.updated", "alpha")


def test_a_voice_of_openais_is_the_default_one_where_others_are_refused() -> None:
    wire, _ = opened()
    requested = update(wire, voice="marin").read(Configuration(), check)
    assert (requested.configuration.output_audio.voice_id, requested.faults) == (None, ())


def test_a_refused_voice_changes_nothing_and_is_no_update() -> None:
    wire, _ = opened()
    before = Configuration(chat_config=ChatConfig(user_id="ada"))
    requested = update(wire, voice="nobody", speed=1.2).read(before, check)
    assert requested.configuration == before
    (fault,) = requested.faults
    assert (fault.field, fault.value) == ("session.audio.output.voice", "nobody")
    (told,) = wire.told(core.RequestRefused(fault.code, fault.msg, fault.field, "e1"))
    error = json.loads(wire.encoded(told))["error"]
    assert (error["event_id"], error["param"]) == ("e1", "session.audio.output.voice")
    assert configured(wire, before) == []
    (updated,) = configured(wire, update(wire, speed=1.1).read(before, check).configuration)
    assert updated["session"]["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "voice": "joe",
        "speed": 1.1,
    }


def test_hints_use_the_names_of_the_protocol() -> None:
    wire, _ = opened()
    for name in (wire.words.configure, wire.words.append, wire.words.complete, wire.words.clear):
        assert name in KNOWN_EVENTS
    (refused,) = wire.read(json.dumps({wire.words.event_type: wire.words.configure}))
    assert isinstance(refused, Answered)
    assert json.loads(wire.encoded(refused.told[0]))["error"]["param"] == "session"  # type: ignore[arg-type]


def test_the_options_of_a_connection_are_those_of_its_settings() -> None:
    wire, _ = opened()
    session = {"type": "realtime", "instructions": "Be brief.", "output_modalities": ["text"]}
    (read,) = wire.read(json.dumps({"type": "session.update", "session": session}))
    assert isinstance(read, Reconfigure)
    requested = read.read(Configuration(), check)
    options = wire.options_of(requested.configuration)
    assert options == requested.options
    assert (options.answers.instructions, options.answers.spoken) == ("Be brief.", False)


def test_a_voice_of_openais_that_the_server_has_is_that_voice() -> None:
    wire, _ = opened()
    requested = update(wire, voice="marin").read(Configuration(), lambda value: None)
    assert (requested.configuration.output_audio.voice_id, requested.faults) == ("marin", ())


def test_audio_and_requests() -> None:
    wire, _ = opened()
    frame = json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\1\2").decode()})
    assert wire.frame_of_audio(frame) == b"\1\2"
    assert wire.read(frame) == (Audio(b"\1\2"),)
    assert wire.read('{"type": "input_audio_buffer.commit"}') == (CompleteBuffer(answer=False),)
    (asked,) = wire.read('{"type": "response.create"}')
    assert isinstance(asked, AnswerNow)


@pytest.mark.parametrize("message", ["nonsense", '{"type": "response.create", "event_id": "e4", "response": 4}'])
def test_a_message_at_fault_is_answered_by_an_error(message: str) -> None:
    wire, _ = opened()
    (read,) = wire.read(message)
    assert isinstance(read, Answered)
    (told,) = read.told
    error = json.loads(wire.encoded(told))  # type: ignore[arg-type]
    assert error["type"] == "error"
    assert error["error"].get("event_id") == ("e4" if "e4" in message else None)
    assert wire.origin_of(message) == error["error"].get("event_id")


def test_a_client_of_the_beta_is_read_and_told_in_its_spelling() -> None:
    wire, sent = opened(is_beta=True)
    assert sent[0]["session"]["input_audio_format"] == "pcm16"
    (read,) = wire.read(json.dumps({"type": "session.update", "session": {"voice": "alpha"}}))
    assert isinstance(read, Reconfigure)
    assert read.read(Configuration(), check).configuration.output_audio.voice_id == "alpha"
    told = [*wire.told(core.SpeechStarted(0)), *wire.told(core.SpeechStopped(160))]
    types = [json.loads(wire.encoded(one))["type"] for one in told]
    assert types[-2:] == ["input_audio_buffer.committed", "conversation.item.created"]
    assert wire.frame_of_audio('{"type": "session.update"}') is None
    (refused,) = wire.read("[]")
    assert isinstance(refused, Answered)


def test_media_are_prepared_before_the_item_is_made() -> None:
    wire, _ = opened()
    part = {"type": "input_audio", "audio": "AQI="}
    item = {"type": "message", "role": "user", "content": [part]}
    event = {"type": "conversation.item.create", "event_id": "e7", "item": item}
    (read,) = wire.read(json.dumps(event))
    assert isinstance(read, Prepare)
    assert (read.media, read.origin) == ((Speech(b"\1\2", "item.content[0].audio"),), "e7")
    (write,) = read.then([Heard("Hello.")])
    assert isinstance(write, WriteMessage)
    assert write.content == "Hello."
    item["id"] = "root"
    (answered,) = wire.read(json.dumps(event))
    assert isinstance(answered, Answered)


@pytest.mark.parametrize(
    ("kind", "is_apart"),
    [
        ("conversation.item.create", True),
        ("response.cancel", True),
        ("input_audio_buffer.append", False),
        ("input_audio_buffer.commit", False),
        ("session.update", False),
    ],
)
def test_audio_may_overtake_what_is_about_items_and_responses(kind: str, is_apart: bool) -> None:
    assert opened()[0].is_apart_from_audio(json.dumps({"type": kind})) == is_apart
    assert not opened()[0].is_apart_from_audio("{")
