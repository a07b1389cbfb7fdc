"""The interface of ranges: a range checks a configuration field's value, and describes the allowed values in words and
as a JSON Schema.

``merge`` handles null and empty values before. The ranges are in ``number_ranges.py``, ``text_ranges.py`` and
``object_ranges.py``.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from kouyu.domain.errors import InvalidField

Schema = dict[str, Any]
"""A JSON Schema (2020-12)."""


class Range(Protocol):
    """The allowed values of a field."""

    @property
    def allowed(self) -> str:
        """The allowed values in words, for the ``error`` event."""

    @property
    def schema(self) -> Schema:
        """The JSON Schema of the allowed values in the preferred spelling. ``check`` accepts other spellings too, and
        has rules that a schema cannot express."""

    def check(self, path: str, value: object) -> Any:
        """Return the value to store. Raises InvalidField, which names ``path``, if it is not allowed."""


def required(fields: Mapping[str, Any], name: str, path: str, takes: Range) -> Any:
    """Check the field ``name`` of the object at ``path``. Raises InvalidField, also if it is missing."""
    value = fields.get(name)
    if value is None:
        raise InvalidField(f"{path}.{name}", value, f"{takes.allowed} (required)")
    return takes.check(f"{path}.{name}", value)


class Flag(msgspec.Struct, frozen=True):
    """A boolean."""

    @property
    def allowed(self) -> str:
        return "true, false"

    @property
    def schema(self) -> Schema:
        return {"type": "boolean"}

    def check(self, path: str, value: object) -> bool:
        """Return the boolean."""
        if not isinstance(value, bool):
            raise InvalidField(path, value, self.allowed)
        return value
