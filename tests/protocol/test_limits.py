"""Every text, list and map of the configuration has a limit, and each limit is told wherever somebody looks for it."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kouyu.domain.client_json import MOST_CHARACTERS, MOST_ELEMENTS
from kouyu.domain.configuration import Configuration
from kouyu.domain.content import LONGEST_ADDRESS, LONGEST_OBJECT_STRING, LONGEST_TEXT, MOST_PARTS
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.object_ranges import AnyObject, Coordinates, MapLimits, MetaData, VariableNames
from kouyu.domain.text_ranges import Keywords, Text, Texts
from kouyu.protocol.coze.audio_endpoint_configuration import (
    InterpretationConfiguration,
    SpeechConfiguration,
    TranscriptionConfiguration,
)
from kouyu.protocol.coze.audio_endpoint_uplink import parse_audio_event
from kouyu.protocol.coze.configuration_schema import configuration_schema
from kouyu.protocol.coze.merge import Field, merge
from kouyu.protocol.coze.uplink import (
    LONGEST_TOOL_OUTPUT,
    MOST_TOOL_OUTPUTS,
    InputAudioBufferAppend,
    UnknownEvent,
    parse,
)
from tests.protocol.edges import Edge, edges, is_number, leaves

REFERENCE = Path(__file__).parents[2] / "docs" / "conformance.md"


CONFIGURATIONS: tuple[Any, ...] = (
    Configuration(),
    SpeechConfiguration(),
    TranscriptionConfiguration(),
    InterpretationConfiguration(),
)


def any_combination(value: object) -> None:
    """Which fields go together does not matter here."""


EDGES = [
    pytest.param(configuration, path, edge, id=f"{type(configuration).__name__} {path}{edge.place} {edge.limit:g}")
    for configuration in CONFIGURATIONS
    for path, field in leaves(type(configuration))
    for edge in edges(field.takes)
]


LIMITED = [(path, field) for path, field in leaves(Configuration) if edges(field.takes) and not is_number(field.takes)]


COMPANIONS: dict[str, dict[str, Any]] = {"period": {"max_frame_num": 1}, "max_frame_num": {"period": 1}}
"""What a field must not go without."""


def update(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")[1:]):
        value = {name: value, **COMPANIONS.get(name, {})}
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
        case Keywords(most):
            return [most]
        case _:
            raise AssertionError(takes)


def as_written(number: int) -> str:
    return f"{number:,}" if number >= 10_000 else str(number)


def test_no_field_is_forgotten() -> None:
    assert {path.rpartition(".")[2] for path, _ in LIMITED} >= {"prologue_content", "hot_words", "meta_data", "user_id"}
    for kind in (Text, MapLimits, Texts, AnyObject):
        assert all(field.type is not type(None) for field in msgspec.structs.fields(kind))  # none has no limit


@pytest.mark.parametrize(("configuration", "path", "edge"), EDGES)
def test_what_is_at_its_limit_is_taken_and_what_is_beyond_is_reported_with_field_value_and_limit(
    configuration: Any, path: str, edge: Edge
) -> None:
    assert merge(configuration, update(path, edge.at), any_combination).faults == ()
    (fault,) = merge(configuration, update(path, edge.beyond), any_combination).faults
    assert fault.field == f"{path}{edge.place}"
    assert edge.shown in fault.msg
    assert f"{edge.limit:g}" in fault.allowed or str(edge.limit) in fault.allowed
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


def outputs(count: int, output: str = "", call_id: str = "x", chat_id: str = "1") -> str:
    data = {"chat_id": chat_id, "tool_outputs": [{"tool_call_id": call_id, "output": output}] * count}
    return json.dumps({"event_type": "conversation.chat.submit_tool_outputs", "data": data})


TEXT = {"type": "text", "text": "x"}


def padded(length: int) -> str:
    content = json.dumps([TEXT])
    return message(" " * (length - len(content)) + content, "object_string")


def to_speak(text: str) -> str:
    return json.dumps({"event_type": "input_text.generate_audio", "data": {"mode": "text", "text": text}})


def to_read(delta: str) -> str:
    return json.dumps({"event_type": "input_text_buffer.append", "data": {"delta": delta}})


@pytest.mark.parametrize(
    ("event", "field", "limit", "shown"),
    [
        (lambda over: message("x" * (LONGEST_TEXT + over)), "content", LONGEST_TEXT, "characters"),
        (lambda over: message("x" * (LONGEST_TEXT + over), role="assistant"), "content", LONGEST_TEXT, "characters"),
        (lambda over: padded(LONGEST_OBJECT_STRING + over), "content", LONGEST_OBJECT_STRING, "characters"),
        (lambda over: parts(*[TEXT] * (MOST_PARTS + over)), "content", MOST_PARTS, "parts"),
        (
            lambda over: parts({"type": "text", "text": "x" * (LONGEST_TEXT + over)}),
            "content[0].text",
            LONGEST_TEXT,
            "characters",
        ),
        (
            lambda over: parts(TEXT, {"type": "file", "file_id": "x" * (LONGEST_ADDRESS + over)}),
            "content[1].file_id",
            LONGEST_ADDRESS,
            "characters",
        ),
        (
            lambda over: parts({"type": "image", "file_url": "x" * (LONGEST_ADDRESS + over)}),
            "content[0].file_url",
            LONGEST_ADDRESS,
            "characters",
        ),
        (lambda over: outputs(MOST_TOOL_OUTPUTS + over), "tool_outputs", MOST_TOOL_OUTPUTS, "objects"),
        (
            lambda over: outputs(1, "x" * (LONGEST_TOOL_OUTPUT + over)),
            "tool_outputs[0].output",
            LONGEST_TOOL_OUTPUT,
            "characters",
        ),
        (lambda over: outputs(1, call_id="x" * (512 + over)), "tool_outputs[0].tool_call_id", 512, "characters"),
        (lambda over: outputs(1, chat_id="x" * (512 + over)), "chat_id", 512, "characters"),
        (lambda over: to_speak("x" * (1024 + over)), "text", 1024, "bytes"),
        (lambda over: to_read("x" * (65_536 + over)), "delta", 65_536, "characters"),
    ],
)
def test_an_event_at_a_limit_is_taken_and_one_beyond_it_is_reported_with_field_value_and_limit(
    event: Callable[[int], str], field: str, limit: int, shown: str
) -> None:
    read = partial(parse_audio_event, "speech") if "input_text_buffer" in event(0) else parse
    assert not isinstance(read(event(0)), UnknownEvent)
    with pytest.raises(InvalidField) as caught:
        read(event(1))
    assert caught.value.field == f"data.{field}"
    assert caught.value.value == f"{limit + 1} {shown}"
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
