"""Lays a ``chat.update`` over the configuration asked for so far.

What a value means (uplink.md, chat.update; websocket.md 3.1):

- Each top-level object and each single field of the top level is taken whole or not at all: one that holds a bad field
  stays as it was, and the others are taken.
- A missing field or null keeps what was set.
- An empty value (empty text, list or object) sets back to nothing a field whose default is nothing, so that a client
  can take back hot words, meta_data, a voice, pacing or interrupt keywords. Every other field keeps what was set, and
  so do ``user_id`` and ``conversation_id``: whose talk this is can change but not cease.
- Objects are merged key by key. The maps of ``chat_config`` and all lists are values and are replaced whole.
- Unknown fields are ignored. A known one of the wrong type or outside its range is bad. A number may be written 20 or
  20.0, but not "20".
"""

import functools
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from kouyu.protocol.combinations import check_object
from kouyu.protocol.errors import InvalidField
from kouyu.protocol.ranges import Choice, Flag, KeepWhenEmpty, Range, Text

S = TypeVar("S", bound=msgspec.Struct)


class Merged(msgspec.Struct, Generic[S], frozen=True):
    """What an update leads to: the next configuration, and the bad fields, whose objects are in it as ``before``."""

    before: S
    configuration: S
    faults: tuple[InvalidField, ...] = ()

    def refuse(self, fault: InvalidField) -> "Merged[S]":
        """The same, with the top-level object that ``fault`` is about as it was before too."""
        name = fault.object_name
        kept = msgspec.structs.replace(self.configuration, **{name: getattr(self.before, name)})
        return Merged(self.before, kept, (*self.faults, fault))


def merge(current: S, update: Mapping[str, Any], check: Callable[[object], None] = check_object) -> Merged[S]:
    """``current`` with ``update``, the data of a ``chat.update``, laid over it; ``current`` itself stays as it was.

    ``check`` raises InvalidField for a top-level object whose fields do not go together. The faults name paths such as
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
    """How one field is merged: a struct type key by key, everything else as its range says.

    ``wire_name`` is the client's name for it, ``empty`` the JSON value that counts as empty here, ``cleared`` what it
    sets (UNSET: what was set stays).
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
    """The new values of the fields of ``kind`` that ``update`` sets; bad ones join ``faults``."""
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
    """What to set the field to, or UNSET to leave it."""
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
    """What an update may set of an object of the configuration, in the order of its struct."""
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
    """``X`` for ``X | None``; every other type as it is."""
    if type(None) not in get_args(annotation):
        return annotation
    return next(choice for choice in get_args(annotation) if choice is not type(None))


def _range_of(plain: Any) -> Range | type[msgspec.Struct]:
    """What a type allows where no range is written beside it."""
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
