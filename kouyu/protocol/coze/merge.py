"""Merges a ``chat.update`` into the configuration requested so far.

Rules (uplink.md, chat.update; websocket.md 3.1):

- Each top-level object and each single field of the top level is applied whole or not at all: an object with an invalid
field stays unchanged, and the others are applied.
- A missing field or null keeps the current value.
- An empty value (empty text, list or object) clears a field whose default is empty, so that a client can remove hot
words, meta_data, a voice, pacing or interrupt keywords. Every other field keeps its value, and so do ``user_id`` and
``conversation_id``, which can change but not be cleared.
- Objects are merged key by key. The maps of ``chat_config`` and all lists are replaced as a whole.
- Unknown fields are ignored. A known field of the wrong type or outside its range is invalid. A number may be written
20 or 20.0, but not "20".
"""

import functools
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from kouyu.domain.combinations import check_object
from kouyu.domain.errors import InvalidField
from kouyu.domain.ranges import Flag, Range
from kouyu.domain.text_ranges import Choice, KeepWhenEmpty, Text

S = TypeVar("S", bound=msgspec.Struct)


class Merged(msgspec.Struct, Generic[S], frozen=True):
    """The result of an update: the next configuration, and the invalid fields, whose objects it has as ``before``."""

    before: S
    configuration: S
    faults: tuple[InvalidField, ...] = ()

    def refuse(self, fault: InvalidField) -> "Merged[S]":
        """A copy in which the top-level object that ``fault`` is about is reset to ``before`` too."""
        name = fault.object_name
        kept = msgspec.structs.replace(self.configuration, **{name: getattr(self.before, name)})
        return Merged(self.before, kept, (*self.faults, fault))


def merge(current: S, update: Mapping[str, Any], check: Callable[[object], None] = check_object) -> Merged[S]:
    """Merge ``update``, the data of a ``chat.update``, into a copy of ``current``.

    ``check`` raises InvalidField for a top-level object whose fields exclude each other. The faults name paths such as
    ``data.input_audio.sample_rate``.
    """
    changes: dict[str, Any] = {}
    faults: list[InvalidField] = []
    for field in fields_of(type(current)):
        found: list[InvalidField] = []
        given, path = update.get(field.wire_name), f"data.{field.wire_name}"
        value = _new_value(field, getattr(current, field.name), given, path, found)
        if value is not msgspec.UNSET and not found:
            try:
                check(value)
                changes[field.name] = value
            except InvalidField as fault:
                found.append(fault)
        faults.extend(found)
    return Merged(current, msgspec.structs.replace(current, **changes), tuple(faults))


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """How one field is merged: a struct type key by key, all others by their range.

    ``wire_name`` is its name in the protocol, ``empty`` the JSON value that counts as empty, ``cleared`` the value that
    an empty one sets (UNSET: the current value stays).
    """

    name: str
    wire_name: str
    takes: Range | type[msgspec.Struct]
    empty: object
    cleared: Any
    required: bool


def _changes(
    kind: type[msgspec.Struct], current: msgspec.Struct | None, update: object, path: str, faults: list[InvalidField]
) -> dict[str, Any]:
    """The new values of the fields of ``kind`` that ``update`` sets; appends invalid fields to ``faults``."""
    if not isinstance(update, Mapping):
        faults.append(InvalidField(path, update, "an object"))
        return {}
    changes = {}
    for field in fields_of(kind):
        given, where = update.get(field.wire_name), f"{path}.{field.wire_name}"
        value = _new_value(field, getattr(current, field.name, None), given, where, faults)
        if value is not msgspec.UNSET:
            changes[field.name] = value
    return changes


def _new_value(field: Field, current: Any, value: object, path: str, faults: list[InvalidField]) -> Any:
    """The new value of the field, or UNSET to keep the current one."""
    if value is None:
        return msgspec.UNSET
    if type(value) is type(field.empty) and value == field.empty:
        return field.cleared
    if not isinstance(field.takes, type):
        try:
            return field.takes.check(path, value)
        except InvalidField as fault:
            faults.append(fault)
            return msgspec.UNSET
    known = len(faults)
    changes = _changes(field.takes, current, value, path, faults)
    if len(faults) > known:
        return msgspec.UNSET
    if current is not None:
        return msgspec.structs.replace(current, **changes)
    return _new_object(field.takes, changes, path, faults) if changes else msgspec.UNSET


def _new_object(kind: type[msgspec.Struct], values: dict[str, Any], path: str, faults: list[InvalidField]) -> Any:
    required = [field for field in fields_of(kind) if field.required]
    for field in required:
        if field.name not in values:
            needed = " and ".join(each.wire_name for each in required)
            allowed = f"a value: it is missing, and {path.rpartition('.')[2]} needs {needed}"
            faults.append(InvalidField(f"{path}.{field.wire_name}", None, allowed))
            return msgspec.UNSET
    return kind(**values)


@functools.cache
def fields_of(kind: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields that an update may set in an object of the configuration, in the order of its struct."""
    annotations = get_type_hints(kind, include_extras=True)
    return tuple(_field(field, annotations[field.name]) for field in msgspec.structs.fields(kind))


def _field(field: msgspec.structs.FieldInfo, annotation: Any) -> Field:
    plain, *notes = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    plain = _without_none(plain)
    ranges = [note for note in notes if not isinstance(note, KeepWhenEmpty)]
    default = {} if field.default_factory is dict else field.default
    may_be_cleared = default in (None, "", (), {}) and len(ranges) == len(notes)
    return Field(
        name=field.name,
        wire_name=field.encode_name,
        takes=ranges[0] if ranges else _range_of(plain),
        empty=_empty_value_of(plain),
        cleared=default if may_be_cleared else msgspec.UNSET,
        required=field.required,
    )


def _without_none(annotation: Any) -> Any:
    """``X`` for ``X | None``; every other type unchanged."""
    if type(None) not in get_args(annotation):
        return annotation
    return next(choice for choice in get_args(annotation) if choice is not type(None))


def _range_of(plain: Any) -> Range | type[msgspec.Struct]:
    """The range of a type that has no range annotation."""
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return plain
    if get_origin(plain) is Literal:
        return Choice(get_args(plain))
    by_type: dict[Any, Range] = {bool: Flag(), str: Text()}
    return by_type[get_origin(plain) or plain]


def _empty_value_of(plain: Any) -> object:
    kind = get_origin(plain) or plain
    if kind is tuple:
        return []
    return {} if kind is dict or (isinstance(kind, type) and issubclass(kind, msgspec.Struct)) else ""
