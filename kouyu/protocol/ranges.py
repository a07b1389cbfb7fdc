"""What a configuration field may hold: a range checks one kind of value and says what it allows, in words and as a JSON
Schema.

Null and empty values never get here; what they mean is ``merge``'s business. The ranges themselves are in
``number_ranges.py``, ``text_ranges.py`` and ``object_ranges.py``.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from kouyu.protocol.errors import InvalidField

Schema = dict[str, Any]
"""A JSON Schema (2020-12)."""


class Range(Protocol):
    """The values one field takes."""

    @property
    def allowed(self) -> str:
        """The values in words, for the ``error`` event."""

    @property
    def schema(self) -> Schema:
        """The values as they are best written. ``check`` takes some in other spellings too, and refuses some by rules
        that no schema can say."""

    def check(self, path: str, value: object) -> Any:
        """The value as it is to be stored; InvalidField, naming ``path``, if it is not allowed."""


def required(fields: Mapping[str, Any], name: str, path: str, takes: Range) -> Any:
    """The field ``name`` of the object at ``path``, checked. Raises InvalidField, which says so where it is missing."""
    value = fields.get(name)
    if value is None:
        raise InvalidField(f"{path}.{name}", value, f"{takes.allowed} (required)")
    return takes.check(f"{path}.{name}", value)


class Flag(msgspec.Struct, frozen=True):
    """true or false."""

    @property
    def allowed(self) -> str:
        return "true, false"

    @property
    def schema(self) -> Schema:
        return {"type": "boolean"}

    def check(self, path: str, value: object) -> bool:
        """The flag itself."""
        if not isinstance(value, bool):
            raise InvalidField(path, value, self.allowed)
        return value
