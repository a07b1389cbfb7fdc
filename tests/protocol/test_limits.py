"""Every text, list and map of the configuration has a limit, and each limit is told wherever somebody looks for it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kouyu.protocol.client_json import MOST_CHARACTERS, MOST_ELEMENTS
from kouyu.protocol.configuration import Configuration
from kouyu.protocol.configuration_schema import configuration_schema
from kouyu.protocol.content import LONGEST_ADDRESS, LONGEST_OBJECT_STRING, LONGEST_TEXT, MOST_PARTS
from kouyu.protocol.errors import InvalidField, ProtocolError
from kouyu.protocol.merge import Field, fields_of, merge
from kouyu.protocol.object_ranges import AnyObject, Coordinates, MapLimits, MetaData, VariableNames
from kouyu.protocol.text_ranges import Text, Texts
from kouyu.protocol.uplink import (
    LONGEST_TOOL_OUTPUT,
    MOST_TOOL_OUTPUTS,
    ConversationMessageCreate,
    InputAudioBufferAppend,
    SubmitToolOutputs,
    parse,
)

REFERENCE = Path(__file__).parents[2] / "docs" / "conformance.md"


def leaves(kind: type[msgspec.Struct], path: str = "data") -> list[tuple[str, Field]]:
    found = []
    for field in fields_of(kind):
        here = f"{path}.{field.wire_name}"
        found += leaves(field.takes, here) if isinstance(field.takes, type) else [(here, field)]
    return found


def sized(takes: Any, over: int) -> list[Any]:
    """Values that are at each limit, or ``over`` beyond it."""
    match takes:
        case Text(longest):
            return ["x" * (longest + over)]
        case Texts(most, longest):
            return [["x"] * (most + over), ["x" * (longest + over)]]
        case AnyObject(_, most_bytes):
            return [{"x": "x" * (most_bytes - len('{"x":""}') + over)}]
        case MetaData(limits) | VariableNames(limits) | Coordinates(limits):
            return [
                {f"x{index}": "x" for index in range(limits.pairs + over)},
                {"x" * (limits.key + over): "x"},
                {"x": "x" * (limits.value + over)},
            ]
        case _:
            return []


LIMITED = [(path, field) for path, field in leaves(Configuration) if sized(field.takes, 0)]


def update(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")[1:]):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def limits_of(takes: Any) -> list[int]:
    match takes:
        case Text(longest):
            return [longest]
        case Texts(most, longest):
            return [most, longest]
        case AnyObject(deepest, most_bytes):
            return [deepest, most_bytes]
        case MetaData(limits) | VariableNames(limits) | Coordinates(limits):
            return list(msgspec.structs.astuple(limits))
        case _:
            raise AssertionError(takes)


def as_written(number: int) -> str:
    return f"{number:,}" if number >= 10_000 else str(number)


def test_no_field_is_forgotten() -> None:
    assert {path.rpartition(".")[2] for path, _ in LIMITED} >= {"prologue_content", "hot_words", "meta_data", "user_id"}
    for kind in (Text, MapLimits, Texts, AnyObject):
        assert all(field.type is not type(None) for field in msgspec.structs.fields(kind))  # none has no limit


@pytest.mark.parametrize(("path", "field"), LIMITED, ids=[path for path, _ in LIMITED])
def test_what_is_at_its_limit_is_taken_and_what_is_beyond_is_reported_with_the_limit(path: str, field: Field) -> None:
    for value in sized(field.takes, 0):
        assert merge(Configuration(), update(path, value)).faults == ()
    for value in sized(field.takes, 1):
        (fault,) = merge(Configuration(), update(path, value)).faults
        assert fault.field.startswith(path)
        assert any(str(limit) in fault.allowed for limit in limits_of(field.takes))
        assert len(fault.msg) < 1000


@pytest.mark.parametrize(("path", "field"), LIMITED, ids=[path for path, _ in LIMITED])
def test_each_limit_stands_in_the_reference_and_in_the_schema(path: str, field: Field) -> None:
    row = next(line for line in REFERENCE.read_text().splitlines() if line.startswith(f"| `{path}` |"))
    schema = configuration_schema()
    for name in path.split(".")[1:]:
        schema = schema["properties"][name]
    numbers = [each for each in limits_of(field.takes) if each != AnyObject().deepest]
    for number in numbers:
        assert as_written(number) in row
        assert str(number) in json.dumps(schema)


def message(content: str, content_type: str = "text", role: str = "user") -> str:
    data = {"role": role, "content_type": content_type, "content": content}
    return json.dumps({"event_type": "conversation.message.create", "data": data})


def parts(*given: dict[str, str]) -> str:
    return message(json.dumps(given), "object_string")


def outputs(count: int, output: str = "", call_id: str = "x") -> str:
    data = {"chat_id": "1", "tool_outputs": [{"tool_call_id": call_id, "output": output}] * count}
    return json.dumps({"event_type": "conversation.chat.submit_tool_outputs", "data": data})


TEXT = {"type": "text", "text": "x"}


@pytest.mark.parametrize(
    "event",
    [
        message("x" * LONGEST_TEXT),
        parts(*[TEXT] * MOST_PARTS),
        parts({"type": "image", "file_url": "x" * LONGEST_ADDRESS}),
        outputs(MOST_TOOL_OUTPUTS),
        outputs(1, "x" * LONGEST_TOOL_OUTPUT),
    ],
)
def test_an_event_at_its_limits_is_taken(event: str) -> None:
    assert isinstance(parse(event), ConversationMessageCreate | SubmitToolOutputs)


@pytest.mark.parametrize(
    ("event", "field", "limit"),
    [
        (message("x" * (LONGEST_TEXT + 1)), "data.content", LONGEST_TEXT),
        (message("x" * (LONGEST_TEXT + 1), role="assistant"), "data.content", LONGEST_TEXT),
        (parts(*[TEXT] * (MOST_PARTS + 1)), "data.content", MOST_PARTS),
        (parts({"type": "text", "text": "x" * (LONGEST_TEXT + 1)}), "data.content[0].text", LONGEST_TEXT),
        (parts(TEXT, {"type": "file", "file_id": "x" * 5000}), "data.content[1].file_id", LONGEST_ADDRESS),
        (parts({"type": "image", "file_url": "x" * 5000}), "data.content[0].file_url", LONGEST_ADDRESS),
        (message(" " * LONGEST_OBJECT_STRING + "[]", "object_string"), "data.content", LONGEST_OBJECT_STRING),
        (outputs(MOST_TOOL_OUTPUTS + 1), "data.tool_outputs", MOST_TOOL_OUTPUTS),
        (outputs(1, "x" * (LONGEST_TOOL_OUTPUT + 1)), "data.tool_outputs[0].output", LONGEST_TOOL_OUTPUT),
        (outputs(1, call_id="x" * 513), "data.tool_outputs[0].tool_call_id", 512),
    ],
)
def test_an_event_beyond_a_limit_is_reported_with_field_and_limit(event: str, field: str, limit: int) -> None:
    with pytest.raises(InvalidField) as caught:
        parse(event)
    assert caught.value.field == field
    assert str(limit) in caught.value.allowed


@pytest.mark.parametrize(
    "event",
    [message(""), message(" \n\t\u3000"), message("", role="assistant"), parts({"type": "text", "text": " "})],
)
def test_a_message_without_anything_in_it_is_an_error(event: str) -> None:
    with pytest.raises(InvalidField, match="blanks") as caught:
        parse(event)
    assert caught.value.field == "data.content"


@pytest.mark.parametrize("codec", ["pcm_config", "opus_config"])
@pytest.mark.parametrize(("given", "missing"), [("period", "max_frame_num"), ("max_frame_num", "period")])
def test_half_a_limit_config_is_reported_with_the_field_that_is_missing(codec: str, given: str, missing: str) -> None:
    (fault,) = merge(Configuration(), {"output_audio": {codec: {"limit_config": {given: 1}}}}).faults
    assert fault.field == f"data.output_audio.{codec}.limit_config.{missing}"
    assert fault.allowed == "a value: it is missing, and limit_config needs period and max_frame_num"


# An event as a whole


@pytest.mark.parametrize("inside", ["[]", "{}", '{"a":1}', "1", '""', "1.2345678901234567890123e-300"])
def test_an_event_of_too_many_elements_is_refused_before_it_is_read(inside: str) -> None:
    event = '{"event_type":"chat.update","data":{"x":[' + ",".join([inside] * MOST_ELEMENTS) + "]}}"
    with pytest.raises(ProtocolError, match=rf"too large: .*at most ({MOST_ELEMENTS}|{MOST_CHARACTERS})"):
        parse(event)


def test_an_event_of_too_many_characters_is_refused_but_audio_may_be_larger() -> None:
    with pytest.raises(ProtocolError, match=f"too large: .*at most {MOST_CHARACTERS}"):
        parse('{"event_type":"conversation.clear","x":"' + "x" * MOST_CHARACTERS + '"}')
    for audio in ("AAAA" * MOST_CHARACTERS, "AAAA\\n" * MOST_CHARACTERS):
        event = parse('{"event_type":"input_audio_buffer.append","data":{"delta":"' + audio + '"}}')
        assert isinstance(event, InputAudioBufferAppend)
        assert len(event.delta) == 3 * MOST_CHARACTERS


def test_of_a_large_audio_event_nothing_but_the_audio_is_read() -> None:
    junk = "[" + ",".join(["[]"] * 500_000) + "]"
    event = parse(
        '{"event_type":"input_audio_buffer.append","id":' + junk + ',"data":{"x":' + junk + ',"delta":"AAAA"}}'
    )
    assert event == InputAudioBufferAppend(id=None, delta=b"\0\0\0")


def test_of_a_large_bad_value_no_more_is_written_than_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted(dict[str, int]):
        looked_at = 0

        def items(self) -> Any:
            for item in super().items():
                Counted.looked_at += 1
                yield item

    fault = InvalidField("data.x", Counted({str(index): index for index in range(10_000)}), "a text")
    assert len(fault.msg) < 200
    assert Counted.looked_at < 100
