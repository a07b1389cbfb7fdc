"""JSON Schema (2020-12) of ``chat.update``, generated from the types that check it, for forms and documentation."""

from typing import Any, get_args

import msgspec

from kouyu.domain.configuration import Configuration
from kouyu.domain.ranges import Schema
from kouyu.protocol.coze.configuration_help import HELP
from kouyu.protocol.coze.configuration_titles import TITLES
from kouyu.protocol.coze.downlink import DownlinkType
from kouyu.protocol.coze.merge import Field, fields_of

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def configuration_schema(choices: dict[str, list[dict[str, Any]]] | None = None) -> Schema:
    """The schema of ``data``. ``choices``: values to suggest, by path, in addition to what the field allows."""
    schema = {"$schema": _DIALECT, **_object(Configuration, ""), **_help("")}
    schema["properties"]["event_subscriptions"]["items"]["enum"] = list(get_args(DownlinkType))
    for path, values in (choices or {}).items():
        _at(schema, path).setdefault("x-kouyu", {})["choices"] = values
    return schema


def _at(schema: Schema, path: str) -> Schema:
    for name in path.split("."):
        schema = schema["properties"][name]
    return schema


def _object(kind: type[msgspec.Struct], path: str) -> Schema:
    infos = {info.encode_name: info for info in msgspec.structs.fields(kind)}
    properties = {
        field.wire_name: _property(field, infos[field.wire_name], f"{path}.{field.wire_name}".lstrip("."))
        for field in fields_of(kind)
    }
    required = [field.wire_name for field in fields_of(kind) if field.required]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _property(field: Field, info: msgspec.structs.FieldInfo, path: str) -> Schema:
    takes = field.takes
    schema = _object(takes, path) if isinstance(takes, type) else takes.schema
    if info.default is None:
        schema = {**schema, "type": [schema["type"], "null"]}
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    if not field.required and (not isinstance(takes, type) or info.default is None):
        default = info.default_factory() if callable(info.default_factory) else info.default
        schema["default"] = msgspec.to_builtins(default)
    noted = _help(path)
    if unit := getattr(takes, "unit", "") or _UNITS.get(path.rpartition(".")[2], ""):
        noted.setdefault("x-kouyu", {})["unit"] = unit
    if "x-kouyu" in schema:
        noted.setdefault("x-kouyu", {}).update(schema["x-kouyu"])
    return schema | noted


_UNITS = {"sample_rate": "Hz", "bit_depth": "bit", "frame_size_ms": "ms"}


def _help(path: str) -> Schema:
    found, title = HELP[path], TITLES[path]
    return {
        "title": title.en,
        "description": found.en,
        "x-kouyu": {"zh": found.zh, "zh_title": title.zh} | ({"applies": found.applies} if found.applies else {}),
    }
