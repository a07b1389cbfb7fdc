"""Reading what clients send."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.tool_calls import ToolOutput
from kouyu.protocol.coze.uplink import (
    ChatUpdate,
    ConversationChatCancel,
    ConversationClear,
    ConversationMessageCreate,
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferComplete,
    InputTextGenerateAudio,
    SubmitToolOutputs,
    UnknownEvent,
    UplinkEvent,
    parse,
)
from kouyu.protocol.coze.uplink_envelope import frame_of_audio, origin_message

DATALESS = {
    "input_audio_buffer.complete": InputAudioBufferComplete,
    "input_audio_buffer.clear": InputAudioBufferClear,
    "conversation.clear": ConversationClear,
    "conversation.chat.cancel": ConversationChatCancel,
}
EVENT_TYPES = [
    *DATALESS,
    "chat.update",
    "input_audio_buffer.append",
    "conversation.message.create",
    "conversation.chat.submit_tool_outputs",
    "input_text.generate_audio",
]


def test_an_error_quotes_the_beginning_of_the_message_that_it_answers() -> None:
    assert origin_message("你好" * 5000) == "你好" * 1000
    assert origin_message(b'{"a":1}') == '{"a":1}'
    assert origin_message("你".encode() + b"\xff") == "你\ufffd"


def read(event_type: str, data: Any, **more: Any) -> UplinkEvent:
    return parse(json.dumps({"event_type": event_type, "data": data, **more}, ensure_ascii=False))


def fault_of(event_type: str, data: Any) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        read(event_type, data)
    return caught.value


@pytest.mark.parametrize(("event_type", "kind"), DATALESS.items())
@pytest.mark.parametrize("more", ["", ',"data":{}', ',"data":null', ',"data":5', ',"newer":true'])
def test_events_without_data_do_not_care_what_data_holds(event_type: str, kind: type[Any], more: str) -> None:
    assert parse(f'{{"event_type":"{event_type}"{more}}}') == kind(id=None)


def test_the_order_of_keys_does_not_matter() -> None:
    text = '{"data":{"delta":"AQI="},"id":"e","event_type":"input_audio_buffer.append"}'
    assert parse(text) == InputAudioBufferAppend(id="e", delta=b"\x01\x02")


def test_bytes_are_read_like_text() -> None:
    assert parse(b'{"event_type":"conversation.clear","id":"e"}') == ConversationClear(id="e")


@pytest.mark.parametrize(
    ("given_id", "kept"), [("e", "e"), (7, "7"), (None, None), ({}, None), (True, None), ([1], None)]
)
@pytest.mark.parametrize("data", [{"delta": ""}, None])
def test_an_id_of_another_type_does_no_harm(given_id: Any, kept: str | None, data: Any) -> None:
    event_type = "input_audio_buffer.append" if data else "conversation.chat.cancel"
    assert read(event_type, data, id=given_id).id == kept


@pytest.mark.parametrize("digits", [1000, 4299, 4300, 4301, 5000])
def test_an_id_of_thousands_of_digits_is_read_or_refused(digits: int) -> None:
    with suppress(ProtocolError):
        assert parse(f'{{"event_type":"conversation.clear","id":{"9" * digits}}}').id == "9" * digits


def test_an_audio_piece_of_any_size_is_decoded() -> None:
    audio = bytes(range(256)) * 400
    event = read("input_audio_buffer.append", {"delta": base64.b64encode(audio).decode()}, id="e")
    assert event == InputAudioBufferAppend(id="e", delta=audio)


@pytest.mark.parametrize("delta", ["not base64!", "Q", "-_==", "====", "QQ===", "QQ==QQ==", "声"])
def test_bad_base64_is_refused(delta: str) -> None:
    fault = fault_of("input_audio_buffer.append", {"delta": delta})
    assert fault.field == "data.delta"
    assert "base64" in fault.allowed


@pytest.mark.parametrize("delta", ["QQ", "QQ=", "QQ=\n=", " QQ==", "\tQ Q\r\n", "QQ==\r\n"])
def test_base64_may_hold_white_space_and_lack_its_padding(delta: str) -> None:
    assert read("input_audio_buffer.append", {"delta": delta}) == InputAudioBufferAppend(delta=b"A")


def test_base64_in_lines_of_76_letters_is_decoded() -> None:
    audio = bytes(range(256)) * 4
    event = read("input_audio_buffer.append", {"delta": base64.encodebytes(audio).decode()})
    assert event == InputAudioBufferAppend(delta=audio)


@pytest.mark.parametrize("data", [None, {}, {"delta": None}, {"delta": 5}, {"delta": ["QQ=="]}])
def test_an_append_needs_its_delta(data: Any) -> None:
    assert fault_of("input_audio_buffer.append", data).field == "data.delta"


@pytest.mark.parametrize("data", [5, "x", [1]])
@pytest.mark.parametrize("event_type", [kind for kind in EVENT_TYPES if kind not in DATALESS])
def test_data_must_be_an_object_where_it_is_needed(event_type: str, data: Any) -> None:
    fault = fault_of(event_type, data)
    assert (fault.field, fault.allowed) == ("data", "an object")


@pytest.mark.parametrize(
    ("data", "held"), [(None, {}), ({}, {}), ({"input_audio": {"x": 1}}, {"input_audio": {"x": 1}})]
)
def test_an_update_is_handed_on_unchecked(data: Any, held: dict[str, Any]) -> None:
    assert read("chat.update", data, id="e") == ChatUpdate(id="e", data=held)


def test_a_message_is_read() -> None:
    data = {"role": "user", "content_type": "text", "content": "今天天气真不错"}
    assert read("conversation.message.create", data) == ConversationMessageCreate(
        role="user", content_type="text", content="今天天气真不错"
    )


def test_an_object_string_is_checked_and_kept_as_text() -> None:
    content = json.dumps([{"type": "text", "text": "x"}])
    event = read("conversation.message.create", {"role": "user", "content_type": "object_string", "content": content})
    assert isinstance(event, ConversationMessageCreate)
    assert event.content == content
    bad = {"role": "user", "content_type": "object_string", "content": '[{"type":"video"}]'}
    assert fault_of("conversation.message.create", bad).field == "data.content[0].type"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"role": "system"}, "data.role"),
        ({"role": None}, "data.role"),
        ({"role": ["user"]}, "data.role"),
        ({"content_type": "card"}, "data.content_type"),
        ({"content_type": {}}, "data.content_type"),
        ({"content": None}, "data.content"),
        ({"content": [{"type": "text", "text": "x"}]}, "data.content"),
    ],
)
def test_a_bad_message_names_its_field(change: dict[str, Any], field: str) -> None:
    good = {"role": "user", "content_type": "text", "content": "x"}
    assert fault_of("conversation.message.create", good | change).field == field


def test_tool_outputs_are_read() -> None:
    data = {
        "chat_id": "c",
        "tool_outputs": [{"tool_call_id": "1", "output": "{}"}, {"tool_call_id": "2", "output": ""}],
    }
    assert read("conversation.chat.submit_tool_outputs", data) == SubmitToolOutputs(
        chat_id="c", tool_outputs=(ToolOutput(tool_call_id="1", output="{}"), ToolOutput(tool_call_id="2", output=""))
    )


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"tool_outputs": []}, "data.chat_id"),
        ({"chat_id": "c"}, "data.tool_outputs"),
        ({"chat_id": "c", "tool_outputs": {}}, "data.tool_outputs"),
        ({"chat_id": "c", "tool_outputs": [5]}, "data.tool_outputs[0]"),
        ({"chat_id": "c", "tool_outputs": [{"output": "x"}]}, "data.tool_outputs[0].tool_call_id"),
        ({"chat_id": "c", "tool_outputs": [{"tool_call_id": "1", "output": {}}]}, "data.tool_outputs[0].output"),
    ],
)
def test_bad_tool_outputs_name_their_field(data: dict[str, Any], field: str) -> None:
    assert fault_of("conversation.chat.submit_tool_outputs", data).field == field


@pytest.mark.parametrize("text", ["a", "a" * 1024, "字" * 341])
def test_text_to_speak_of_1_to_1024_bytes_is_read(text: str) -> None:
    event = read("input_text.generate_audio", {"mode": "text", "text": text})
    assert event == InputTextGenerateAudio(mode="text", text=text)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"text": "x"}, "data.mode"),
        ({"mode": "ssml", "text": "x"}, "data.mode"),
        ({"mode": "text"}, "data.text"),
        ({"mode": "text", "text": ""}, "data.text"),
        ({"mode": "text", "text": "a" * 1025}, "data.text"),
        ({"mode": "text", "text": "字" * 342}, "data.text"),
    ],
)
def test_bad_text_to_speak_names_its_field(data: dict[str, Any], field: str) -> None:
    assert fault_of("input_text.generate_audio", data).field == field


def test_an_unknown_event_is_no_error() -> None:
    assert read("of.some.newer.version", [1, 2], id="e") == UnknownEvent(id="e", event_type="of.some.newer.version")


@pytest.mark.parametrize(
    "text",
    ["", "x", "{", '{"event_type":"conversation.clear"} x', "[" * 100_000, b"\xff", b'{"event_type":"\xff"}', "\ud800"],
)
def test_what_is_not_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ProtocolError, match="JSON") as caught:
        parse(text)
    assert caught.value.code == 4000


@pytest.mark.parametrize("text", ["5", "null", '"conversation.clear"', "[]"])
def test_json_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="must be a JSON object"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["{}", '{"event_type":null}', '{"event_type":5}', '{"event_type":""}', '{"data":{"delta":""}}']
)
def test_an_event_needs_its_type(text: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse(text)
    assert caught.value.field == "event_type"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
field_names = st.sampled_from(
    ["delta", "role", "content_type", "content", "chat_id", "tool_outputs", "mode", "text", "tool_call_id", "output"]
)
likely_values = st.sampled_from(["user", "text", "object_string", "[]", "QQ==", [{"tool_call_id": "1", "output": "x"}]])
data_values = json_values | st.dictionaries(field_names, json_values | likely_values)


@settings(deadline=None)
@given(event_type=st.sampled_from(EVENT_TYPES) | json_values, data=data_values, event_id=json_values)
def test_any_json_is_read_or_refused_with_a_protocol_error(event_type: Any, data: Any, event_id: Any) -> None:
    with suppress(ProtocolError):
        event = parse(json.dumps({"event_type": event_type, "data": data, "id": event_id}))
        assert event.id is None or isinstance(event.id, str)


@settings(deadline=None)
@given(text=st.text() | st.binary())
def test_any_text_is_read_or_refused_with_a_protocol_error(text: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(text)


def test_only_an_append_of_usual_size_is_a_frame_of_audio() -> None:
    frame = '{"id": "1", "event_type": "input_audio_buffer.append", "data": {"delta": "AAEC"}}'
    assert frame_of_audio(frame) == b"\x00\x01\x02"
    assert frame_of_audio(frame.encode()) == b"\x00\x01\x02"
    for other in (frame.replace("append", "clear"), frame.replace("AAEC", "!"), "{", "[]"):
        assert frame_of_audio(other) is None
