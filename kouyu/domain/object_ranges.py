"""The ranges of configuration fields that are maps, objects, or lists of objects."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec

from kouyu.domain.errors import BAD_REQUEST, META_DATA_OVER_LIMIT, InvalidField
from kouyu.domain.ranges import Range, Schema, required

_NAME: Final = "[A-Za-z0-9_]+"
_DEGREES: Final = r"[+-]?[0-9]{1,3}(\.[0-9]{1,30})?"
_OBJECT_OF_TEXTS: Final = "an object with text values"


class MapLimits(msgspec.Struct, frozen=True):
    """Limits of a map of texts: most pairs, and most characters of a key and of a value."""

    pairs: int
    key: int
    value: int

    @property
    def schema(self) -> Schema:
        """The JSON Schema of such a map."""
        return {
            "type": "object",
            "maxProperties": self.pairs,
            "propertyNames": {"minLength": 1, "maxLength": self.key},
            "additionalProperties": {"type": "string", "maxLength": self.value},
        }

    def check(self, path: str, value: object, allowed: str, code: int = BAD_REQUEST) -> dict[str, str]:
        """Return the map. Numbers and booleans become their JSON text; null is left out.

        Raises InvalidField, with ``code`` if a limit is exceeded.
        """
        if not isinstance(value, Mapping):
            raise InvalidField(path, value, allowed)
        if len(value) > self.pairs:
            raise InvalidField(path, f"{len(value)} pairs", f"at most {self.pairs} pairs", code=code)
        texts = {}
        for key, item in value.items():
            if not 1 <= len(key) <= self.key:
                raise InvalidField(path, key, f"keys of 1 to {self.key} characters", code=code)
            if item is None:
                continue
            if not isinstance(item, str | bool | int | float):
                raise InvalidField(f"{path}.{key}", item, self.allowed_values)
            texts[key] = text = item if isinstance(item, str) else json.dumps(item)
            if len(text) > self.value:
                raise InvalidField(f"{path}.{key}", f"{len(text)} characters", self.allowed_values, code=code)
        return texts

    @property
    def allowed_values(self) -> str:
        """The allowed values of the map, in words."""
        return f"a text of 1 to {self.value} characters"


class MetaData(msgspec.Struct, frozen=True):
    """The client's own pairs: at most 16, with keys of 1 to 64 and values of 1 to 512 characters."""

    limits: MapLimits = MapLimits(16, 64, 512)

    @property
    def allowed(self) -> str:
        return _OBJECT_OF_TEXTS

    @property
    def schema(self) -> Schema:
        schema = self.limits.schema
        schema["additionalProperties"]["minLength"] = 1
        return schema

    def check(self, path: str, value: object) -> dict[str, str]:
        """Return the pairs, with values as texts."""
        pairs = self.limits.check(path, value, self.allowed, META_DATA_OVER_LIMIT)
        for key, text in pairs.items():
            if not text:
                allowed = self.limits.allowed_values
                raise InvalidField(f"{path}.{key}", "0 characters", allowed, code=META_DATA_OVER_LIMIT)
        return pairs


class VariableNames(msgspec.Struct, frozen=True):
    """Variables of the agent's prompt. Names consist of English letters, digits and underscores; values are texts."""

    limits: MapLimits = MapLimits(64, 128, 16_384)

    @property
    def allowed(self) -> str:
        return _OBJECT_OF_TEXTS

    @property
    def schema(self) -> Schema:
        schema = self.limits.schema
        schema["propertyNames"]["pattern"] = f"^{_NAME}$"
        return schema

    def check(self, path: str, value: object) -> dict[str, str]:
        """Return the variables, with values as texts."""
        variables = self.limits.check(path, value, self.allowed)
        for name in variables:
            if not re.fullmatch(_NAME, name):
                raise InvalidField(path, name, "names of English letters, digits and underscores")
        return variables


class Coordinates(msgspec.Struct, frozen=True):
    """The user's position in degrees, for the model, and any other keys. Empty values are left out."""

    limits: MapLimits = MapLimits(16, 64, 512)

    @property
    def allowed(self) -> str:
        return "an object with the keys latitude and longitude"

    @property
    def schema(self) -> Schema:
        degrees = {"type": "string", "pattern": f"^{_DEGREES}$"}
        names = {"latitude": ("Latitude", "纬度"), "longitude": ("Longitude", "经度")}
        properties = {name: {**degrees, "title": en, "x-kouyu": {"zh_title": zh}} for name, (en, zh) in names.items()}
        return {**self.limits.schema, "properties": properties}

    def check(self, path: str, value: object) -> dict[str, str]:
        """Return the pairs without empty values, as texts."""
        given = self.limits.check(path, value, self.allowed)
        for name, limit in (("latitude", 90), ("longitude", 180)):
            degrees = given.get(name)
            if not degrees:
                continue
            if not re.fullmatch(_DEGREES, degrees) or abs(float(degrees)) > limit:
                raise InvalidField(f"{path}.{name}", degrees, f"a number from -{limit} to {limit}")
        return {name: text for name, text in given.items() if text}


class AnyObject(msgspec.Struct, frozen=True):
    """Any JSON object of at most ``most_bytes`` as JSON, nested at most ``deepest`` deep, so that it can be encoded
    again."""

    deepest: int = 32
    most_bytes: int = 65_536

    @property
    def allowed(self) -> str:
        return "an object"

    @property
    def schema(self) -> Schema:
        return {"type": "object", "x-kouyu": {"most_bytes": self.most_bytes}}

    def check(self, path: str, value: object) -> dict[str, Any]:
        """Return a shallow copy of the object."""
        if not isinstance(value, Mapping):
            raise InvalidField(path, value, self.allowed)
        if not _is_within_depth(value, self.deepest):
            raise InvalidField(path, "deeper", f"an object nested at most {self.deepest} deep")
        if (size := len(msgspec.json.encode(value))) > self.most_bytes:
            raise InvalidField(path, f"{size} bytes", f"an object of at most {self.most_bytes} bytes of JSON")
        return dict(value)


def _is_within_depth(value: object, levels: int) -> bool:
    if isinstance(value, Mapping):
        return levels > 0 and all(_is_within_depth(item, levels - 1) for item in value.values())
    if isinstance(value, list | tuple):
        return levels > 0 and all(_is_within_depth(item, levels - 1) for item in value)
    return True


_S = TypeVar("_S", bound=msgspec.Struct)


class Objects(msgspec.Struct, Generic[_S], frozen=True):
    """A list of at most ``most`` objects, each converted to a ``kind``; all ``fields`` are required."""

    kind: type[_S]
    fields: tuple[tuple[str, Range], ...]
    most: int

    @property
    def allowed(self) -> str:
        return f"an array of at most {self.most} objects with {self._names}"

    @property
    def schema(self) -> Schema:
        properties = {name: takes.schema for name, takes in self.fields}
        items = {"type": "object", "properties": properties, "required": list(properties)}
        return {"type": "array", "maxItems": self.most, "items": items}

    @property
    def _names(self) -> str:
        return " and ".join(name for name, _ in self.fields)

    def check(self, path: str, value: object) -> tuple[_S, ...]:
        """Return the objects."""
        if not isinstance(value, list | tuple):
            raise InvalidField(path, value, self.allowed)
        if len(value) > self.most:
            raise InvalidField(path, f"{len(value)} objects", self.allowed)
        return tuple(self._checked(f"{path}[{index}]", item) for index, item in enumerate(value))

    def _checked(self, path: str, item: object) -> _S:
        if not isinstance(item, Mapping):
            raise InvalidField(path, item, f"an object with {self._names}")
        return self.kind(**{name: required(item, name, path, takes) for name, takes in self.fields})
