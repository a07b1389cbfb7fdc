"""What a field of the configuration may hold that is a map, an object, or a list of objects."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec

from kouyu.protocol.errors import BAD_REQUEST, META_DATA_OVER_LIMIT, InvalidField
from kouyu.protocol.ranges import Range, Schema, required

_NAME: Final = "[A-Za-z0-9_]+"
_DEGREES: Final = r"[+-]?[0-9]{1,3}(\.[0-9]{1,30})?"
_OBJECT_OF_TEXTS: Final = "an object with text values"


class MapLimits(msgspec.Struct, frozen=True):
    """How many pairs a map of texts has at most, and how many characters each key and each value."""

    pairs: int
    key: int
    value: int

    @property
    def schema(self) -> Schema:
        """Of a map within these limits."""
        return {
            "type": "object",
            "maxProperties": self.pairs,
            "propertyNames": {"minLength": 1, "maxLength": self.key},
            "additionalProperties": {"type": "string", "maxLength": self.value},
        }

    def check(self, path: str, value: object, allowed: str, code: int = BAD_REQUEST) -> dict[str, str]:
        """A map of texts within these limits; InvalidField, of ``code`` where a limit is passed. Numbers and booleans
        become the text that JSON writes for them; null is left out."""
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
        """The values of the map in words."""
        return f"a text of 1 to {self.value} characters"


class MetaData(msgspec.Struct, frozen=True):
    """The caller's own pairs: 16 at most, keys of 1 to 64 characters, values of 1 to 512."""

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
        """The pairs, their values as texts."""
        pairs = self.limits.check(path, value, self.allowed, META_DATA_OVER_LIMIT)
        for key, text in pairs.items():
            if not text:
                allowed = self.limits.allowed_values
                raise InvalidField(f"{path}.{key}", "0 characters", allowed, code=META_DATA_OVER_LIMIT)
        return pairs


class VariableNames(msgspec.Struct, frozen=True):
    """Variables of the agent's prompt, each with a text. Their names: English letters, digits and underscores."""

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
        """The variables, their values as texts."""
        variables = self.limits.check(path, value, self.allowed)
        for name in variables:
            if not re.fullmatch(_NAME, name):
                raise InvalidField(path, name, "names of English letters, digits and underscores")
        return variables


class Coordinates(msgspec.Struct, frozen=True):
    """Facts for the model: where the user is, in degrees, and other keys as they are. An empty value is left out."""

    limits: MapLimits = MapLimits(16, 64, 512)

    @property
    def allowed(self) -> str:
        return "an object with the keys latitude and longitude"

    @property
    def schema(self) -> Schema:
        degrees = {"type": "string", "pattern": f"^{_DEGREES}$"}
        return {**self.limits.schema, "properties": {"latitude": degrees, "longitude": degrees}}

    def check(self, path: str, value: object) -> dict[str, str]:
        """The facts given, as texts."""
        given = self.limits.check(path, value, self.allowed)
        for name, limit in (("latitude", 90), ("longitude", 180)):
            degrees = given.get(name)
            if not degrees:
                continue
            if not re.fullmatch(_DEGREES, degrees) or abs(float(degrees)) > limit:
                raise InvalidField(f"{path}.{name}", degrees, f"a number from -{limit} to {limit}")
        return {name: text for name, text in given.items() if text}


class AnyObject(msgspec.Struct, frozen=True):
    """Any JSON object of at most ``most_bytes`` when written, as long as it is not nested so deeply that writing it out
    again could fail."""

    deepest: int = 32
    most_bytes: int = 65_536

    @property
    def allowed(self) -> str:
        return "an object"

    @property
    def schema(self) -> Schema:
        return {"type": "object", "x-kouyu": {"most_bytes": self.most_bytes}}

    def check(self, path: str, value: object) -> dict[str, Any]:
        """A copy of the object's own level."""
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
    """A list of at most ``most`` objects, each of which becomes a ``kind``; all their ``fields`` must be there."""

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
        """The objects."""
        if not isinstance(value, list | tuple):
            raise InvalidField(path, value, self.allowed)
        if len(value) > self.most:
            raise InvalidField(path, f"{len(value)} objects", self.allowed)
        return tuple(self._checked(f"{path}[{index}]", item) for index, item in enumerate(value))

    def _checked(self, path: str, item: object) -> _S:
        if not isinstance(item, Mapping):
            raise InvalidField(path, item, f"an object with {self._names}")
        return self.kind(**{name: required(item, name, path, takes) for name, takes in self.fields})
