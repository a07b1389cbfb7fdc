"""The client's functions: what is wrong with a declaration is named."""

from typing import Any

import pytest

from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.protocol.openai.faults import detail_of
from kouyu.protocol.openai.function_tools import MOST_LEVELS, read_tool_choice, read_tools
from tests.protocol.openai.session import Session

CITY = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "city": {"type": "string", "enum": ["Paris", "Rome"], "description": None},
        "when": {"anyOf": [{"type": ["integer", "null"]}, {"$ref": "#/$defs/day"}]},
        "anything": True,
        "place": {"type": "array", "items": [{"type": "number"}, {"type": "number"}]},
        "names": {"type": "array", "items": {"type": "string"}, "default": []},
    },
    "required": ["city"],
    "additionalProperties": False,
    "$defs": {"day": {"type": "object", "properties": {}, "not": {"required": ["hour"]}}},
}


def declared(parameters: Any, name: Any = "f") -> Any:
    return [{"type": "function", "name": name, "parameters": parameters}]


@pytest.mark.parametrize("parameters", [CITY, {"type": "object"}])
def test_a_schema_of_an_object_is_taken_as_it_is(parameters: Any) -> None:
    (tool,) = read_tools(declared(parameters), "session.tools")
    assert tool.parameters == parameters


@pytest.mark.parametrize("parameters", [None, {}])
def test_a_function_may_have_no_arguments(parameters: Any) -> None:
    (tool,) = read_tools(declared(parameters), "session.tools")
    assert tool.parameters == {}


@pytest.mark.parametrize("name", ["get_weather", "get-weather", "F1", "x" * 64])
def test_names_that_the_service_takes(name: str) -> None:
    (tool,) = read_tools(declared(None, name), "session.tools")
    assert tool.name == name
    assert read_tool_choice({"type": "function", "name": name}, "session.tool_choice") == (name, True)


@pytest.mark.parametrize("name", ["", "get weather", "天气", "get.weather", "x" * 65, "f\n", 7])
def test_a_name_that_the_service_refuses(name: Any) -> None:
    with pytest.raises(InvalidField, match="1 to 64 letters") as caught:
        read_tools(declared(None, name), "session.tools")
    assert caught.value.field == "session.tools[0].name"
    with pytest.raises(InvalidField) as caught:
        read_tool_choice({"type": "function", "name": name}, "session.tool_choice")
    assert caught.value.field == "session.tool_choice.name"


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ([], ""),
        ({"properties": {}}, ".type"),
        ({"type": "array", "items": {}}, ".type"),
        ({"type": ["object", "null"]}, ".type"),
        ({"type": "object", "properties": []}, ".properties"),
        ({"type": "object", "properties": {"city": "string"}}, ".properties.city"),
        ({"type": "object", "properties": {"city": {"type": "text"}}}, ".properties.city.type"),
        ({"type": "object", "properties": {"city": {"type": ["string", 1]}}}, ".properties.city.type"),
        ({"type": "object", "properties": {"city": {"enum": "Paris"}}}, ".properties.city.enum"),
        ({"type": "object", "required": "city"}, ".required"),
        ({"type": "object", "required": ["city", None]}, ".required"),
        ({"type": "object", "anyOf": {"type": "object"}}, ".anyOf"),
        ({"type": "object", "allOf": [{}, {"type": 3}]}, ".allOf[1].type"),
        ({"type": "object", "additionalProperties": "no"}, ".additionalProperties"),
        ({"type": "object", "not": []}, ".not"),
        ({"type": "object", "$defs": {"day": {"items": [{"type": "x"}]}}}, ".$defs.day.items[0].type"),
        ({"type": "object", "properties": {"x" * 100: {"type": "x"}}}, f".properties.{'x' * 64}.type"),
    ],
)
def test_what_is_wrong_in_a_schema_is_named(parameters: Any, param: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_tools(declared(parameters), "session.tools")
    assert detail_of(caught.value).param == f"session.tools[0].parameters{param}"


def test_schemas_within_each_other_are_bounded() -> None:
    def nested(levels: int) -> Any:
        schema: dict[str, Any] = {"type": "object"}
        for _ in range(levels):
            schema = {"type": "object", "properties": {"a": schema}}
        return declared(schema)

    assert read_tools(nested(MOST_LEVELS), "session.tools")
    with pytest.raises(InvalidField, match="levels of schemas"):
        read_tools(nested(MOST_LEVELS + 1), "session.tools")


@pytest.mark.parametrize("event", ["session.update", "response.create"])
def test_a_faulty_tool_changes_nothing(event: str) -> None:
    session = Session()
    body = event.partition(".")[0]
    given = {"type": "realtime", "tools": declared({"type": "string"})}
    (refused,) = session.send({"type": event, body: given, "event_id": "e1"})
    assert (refused["error"]["param"], refused["error"]["event_id"]) == (f"{body}.tools[0].parameters.type", "e1")
    assert session.requests == []
    assert session.translation.settings.tools == ()
