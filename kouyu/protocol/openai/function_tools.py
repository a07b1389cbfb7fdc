"""The functions that a client declares as tools, and which of them an answer must call."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from kouyu.domain.errors import InvalidField
from kouyu.domain.options import ToolDefinition
from kouyu.domain.text_ranges import Choice, Text
from kouyu.protocol.openai.faults import missing

MOST_TOOLS: Final = 128
MOST_LEVELS: Final = 64
"""Schemas within each other in the parameters of a function."""

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ALLOWED_NAME: Final = "1 to 64 letters from a to z and A to Z, digits, _ and -"
_DESCRIPTION: Final = Text(16_384)
_CHOICE: Final = Choice(("auto", "none", "required"))

_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_MAPS: Final = ("properties", "patternProperties", "$defs", "definitions")
"""Keywords of JSON Schema whose value has a schema for each name."""
_ONE: Final = ("additionalProperties", "not")
_NESTED: Final = ("items", *_ONE)
"""Those whose value is a schema; ``items`` may be an array of them."""
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_SHOWN: Final = 64
"""Characters of a name in the path of an error."""


def read_tools(value: object, path: str) -> tuple[ToolDefinition, ...]:
    """The functions that the client runs. Raises InvalidField or RefusedEvent."""
    if not isinstance(value, list) or len(value) > MOST_TOOLS:
        shown = f"{len(value)} tools" if isinstance(value, list) else value
        raise InvalidField(path, shown, f"an array of at most {MOST_TOOLS} tools")
    return tuple(_tool(tool, f"{path}[{index}]") for index, tool in enumerate(value))


def read_tool_choice(value: object, path: str) -> tuple[str, bool]:
    """A mode, or the name of the function that must be called; and whether it is such a name. Raises InvalidField."""
    if isinstance(value, Mapping):
        if value.get("type") != "function":
            raise InvalidField(f"{path}.type", value.get("type"), "function")
        return _name(value.get("name"), f"{path}.name"), True
    return _CHOICE.check(path, value), False


def _tool(value: object, path: str) -> ToolDefinition:
    if not isinstance(value, Mapping):
        raise InvalidField(path, value, "an object with type, name, description and parameters")
    if (kind := value.get("type", "function")) != "function":
        allowed = "function (tools on MCP servers belong into the bot: [bots.NAME] tools)"
        raise InvalidField(f"{path}.type", kind, allowed)
    if value.get("name") is None:
        raise missing(f"{path}.name", _ALLOWED_NAME)
    description = value.get("description")
    return ToolDefinition(
        name=_name(value["name"], f"{path}.name"),
        description="" if description is None else _DESCRIPTION.check(f"{path}.description", description),
        parameters=_parameters(value.get("parameters"), f"{path}.parameters"),
    )


def _name(value: object, path: str) -> str:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise InvalidField(path, value, _ALLOWED_NAME)
    return value


def _parameters(value: object, path: str) -> dict[str, Any]:
    """The schema of the arguments, whose type must be ``object``; empty for a function without any."""
    if value is None or value == {}:
        return {}
    if not isinstance(value, dict):
        raise InvalidField(path, value, "an object: a JSON Schema of the arguments")
    if value.get("type") != "object":
        raise InvalidField(f"{path}.type", value.get("type"), "object: a function takes its arguments by name")
    _check_schema(value, path)
    return value


class _Place(msgspec.Struct, frozen=True):
    """Where a schema is; the whole path is put together for an error alone, since a client may nest long names."""

    parent: "_Place | None"
    name: str
    depth: int

    def inside(self, name: str) -> "_Place":
        return _Place(self, name, self.depth + 1)

    def path(self) -> str:
        before = "" if self.parent is None else self.parent.path()
        return before + self.name

    def refuse(self, keyword: str, value: object, allowed: str) -> InvalidField:
        return InvalidField(self.path() + keyword, value, allowed)


def _check_schema(schema: object, path: str) -> None:
    """Check the structure of a JSON Schema, and the types in it. Raises InvalidField."""
    unchecked: list[tuple[object, _Place]] = [(schema, _Place(None, path, 0))]
    while unchecked:
        one, place = unchecked.pop()
        if isinstance(one, bool):
            continue
        if not isinstance(one, Mapping):
            raise place.refuse("", one, "an object: a JSON Schema")
        if place.depth > MOST_LEVELS:
            raise place.refuse("", "more levels", f"at most {MOST_LEVELS} levels of schemas")
        _check_type(one.get("type"), place)
        _check_list(one, "enum", place, "an array of the allowed values")
        for name in _check_list(one, "required", place, "an array of names"):
            if not isinstance(name, str):
                raise place.refuse(".required", name, "an array of names")
        unchecked.extend(_inner_schemas(one, place))


def _inner_schemas(schema: Mapping[str, Any], place: _Place) -> Iterator[tuple[object, _Place]]:
    """The schemas directly within ``schema``, with their places."""
    for keyword in _MAPS:
        named = schema.get(keyword)
        if named is not None and not isinstance(named, Mapping):
            raise place.refuse(f".{keyword}", named, "an object with a JSON Schema for each name")
        for name, one in (named or {}).items():
            yield one, place.inside(f".{keyword}.{name[:_SHOWN]}")
    for keyword in (*_NESTED, *_LISTS):
        one = schema.get(keyword)
        if isinstance(one, list) and keyword not in _ONE:
            for index, each in enumerate(one):
                yield each, place.inside(f".{keyword}[{index}]")
        elif one is not None and keyword in _LISTS:
            raise place.refuse(f".{keyword}", one, "an array of JSON Schemas")
        elif one is not None:
            yield one, place.inside(f".{keyword}")


def _check_type(value: object, place: _Place) -> None:
    types = value if isinstance(value, list) else [value]
    if value is not None and not all(isinstance(one, str) and one in _TYPES for one in types):
        raise place.refuse(".type", value, ", ".join(_TYPES))


def _check_list(schema: Mapping[str, Any], keyword: str, place: _Place, allowed: str) -> list[Any]:
    value = schema.get(keyword)
    if value is not None and not isinstance(value, list):
        raise place.refuse(f".{keyword}", value, allowed)
    return value or []
