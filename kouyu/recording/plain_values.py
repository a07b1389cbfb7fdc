"""Inputs and effects as plain values (maps, lists, texts, numbers), and inputs rebuilt from them.

A struct becomes the map of those of its fields that differ from their defaults. Therefore a record stays comparable
when a struct gets a new field with a default. A configuration, which many effects repeat, becomes its number in the
table of the record. The agent's packets become their length: the core never looks into them. An event becomes the name
of its type and its fields.
"""

import functools
from collections.abc import Callable
from typing import Any, Final, get_args

import msgspec

from kouyu.conversation.inputs import (
    ClientFault,
    ConfigurationUpdate,
    ConnectionResumed,
    Input,
    NotOpened,
    OpenedConversation,
    SpeechAudio,
)
from kouyu.domain.configuration import Configuration
from kouyu.domain.errors import InvalidField, ProtocolError
from kouyu.domain.events import Event, SpeechDelta
from kouyu.domain.options import SessionOptions
from kouyu.recording.frames import RecordError

LARGEST_PACKET: Final = 1024 * 1024
"""Bytes of a packet of the agent's speech: some seconds of it."""
_ATOMS: Final = frozenset((str, int, float, bool, bytes, type(None)))
INPUTS: Final[dict[str, type[msgspec.Struct]]] = {kind.__name__: kind for kind in get_args(Input)}
"""The inputs by the names under which they are recorded."""


class Configurations:
    """The configurations of a record, by number."""

    def __init__(self) -> None:
        self.all: list[Configuration] = []
        self._numbers: dict[int, int] = {}
        self._seen: list[Configuration] = []

    def add(self, configuration: Configuration) -> None:
        """Append one from a record."""
        self.all.append(configuration)

    def number(self, configuration: Configuration) -> int:
        """The number of an equal configuration; a new one is appended."""
        known = self._numbers.get(id(configuration))
        if known is not None:
            return known
        try:
            number = self.all.index(configuration)
        except ValueError:
            number = len(self.all)
            self.all.append(configuration)
        self._numbers[id(configuration)] = number
        self._seen.append(configuration)  # keeps the id from being given to another
        return number


def plain(value: Any, configurations: Configurations) -> Any:
    """``value`` as plain values."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(value, configurations)
    if isinstance(value, msgspec.Struct):
        return plain_fields(value, configurations)
    if isinstance(value, InvalidField):
        return {"code": value.code, "msg": value.msg, "field": value.field}
    if isinstance(value, ProtocolError):
        return {"code": value.code, "msg": value.msg}
    raise TypeError(f"a value of type {kind.__name__} cannot be recorded")


def plain_struct(value: msgspec.Struct, configurations: Configurations) -> dict[str, Any]:
    """The fields of a struct that differ from their defaults."""
    fields: dict[str, Any] = plain(value, configurations)
    return fields


def plain_fields(value: msgspec.Struct, configurations: Configurations) -> dict[str, Any]:
    """The fields that differ from their defaults, whatever the struct."""
    required, optional = _fields(type(value))
    fields: dict[str, Any] = {}
    for name in required:
        given = getattr(value, name)
        fields[name] = given if type(given) in _ATOMS else plain(given, configurations)
    for name, default in optional:
        given = getattr(value, name)
        if given is not default and given is not msgspec.UNSET and given != default:
            fields[name] = given if type(given) in _ATOMS else plain(given, configurations)
    return fields


@functools.cache
def _fields(kind: type[msgspec.Struct]) -> tuple[tuple[str, ...], tuple[tuple[str, Any], ...]]:
    """The names of the fields without a default, and those with one, each with it."""
    fields = msgspec.structs.fields(kind)
    required = tuple(field.name for field in fields if field.required)
    return required, tuple((field.name, _default(field)) for field in fields if not field.required)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _plain_speech(value: SpeechAudio, configurations: Configurations) -> dict[str, Any]:
    return {"order": value.order, "packet": len(value.packet), "duration_ms": value.duration_ms}


def _plain_event(value: Event, configurations: Configurations) -> list[Any]:
    fields = plain_fields(value, configurations)
    if isinstance(value, SpeechDelta):
        fields["audio"] = len(value.audio)
    return [type(value).__name__, fields]


def _plain_list(value: Any, configurations: Configurations) -> list[Any]:
    return [each if type(each) in _ATOMS else plain(each, configurations) for each in value]


def _plain_map(value: dict[str, Any], configurations: Configurations) -> dict[str, Any]:
    return {key: plain(each, configurations) for key, each in value.items()}


_SPECIAL: Final[dict[type[Any], Callable[[Any, Configurations], Any]]] = {
    Configuration: lambda value, configurations: configurations.number(value),
    SpeechAudio: _plain_speech,
    **dict.fromkeys(get_args(Event), _plain_event),
    tuple: _plain_list,
    list: _plain_list,
    dict: _plain_map,
}
"""What differs from the rule, by type."""


def rebuilt(name: str, fields: dict[str, Any], configurations: Configurations) -> Input:
    """The input that was recorded under this name. Raises RecordError for one that this version does not know."""
    kind = INPUTS.get(name)
    if kind is None:
        raise RecordError(f"the input {name!r} is unknown to this kouyu: replay it with the version that wrote it")
    try:
        received: Input = _rebuilt(kind, fields, configurations)
    except (msgspec.ValidationError, KeyError, IndexError, TypeError) as error:
        raise RecordError(f"the input {name!r} cannot be read by this version of kouyu: {error}") from error
    return received


def _rebuilt(kind: Any, fields: dict[str, Any], configurations: Configurations) -> Any:
    if kind is SpeechAudio:
        if not 0 <= fields["packet"] <= LARGEST_PACKET:
            raise KeyError("packet")
        return msgspec.convert({**fields, "packet": _packet(fields["packet"])}, SpeechAudio)
    if kind is ClientFault:
        return ClientFault(_fault(fields["fault"]), fields.get("origin"))
    if kind is ConfigurationUpdate:
        return _update(fields, configurations)
    if kind is ConnectionResumed:
        opened = msgspec.convert(fields["conversation"], OpenedConversation)
        return ConnectionResumed(configurations.all[fields["requested"]], opened, _options(fields))
    return msgspec.convert(fields, kind)


def _update(fields: dict[str, Any], configurations: Configurations) -> ConfigurationUpdate:
    faults = tuple(_fault(fault) for fault in fields.get("faults", ()))
    return ConfigurationUpdate(
        requested=configurations.all[fields["requested"]],
        options=_options(fields),
        faults=faults,  # type: ignore[arg-type]
        misspelt=tuple(fields.get("misspelt", ())),
        conversation=_found(fields.get("conversation")),
        origin=fields.get("origin"),
    )


def _options(fields: dict[str, Any]) -> SessionOptions:
    return msgspec.convert(fields.get("options", {}), SessionOptions)


def _found(fields: dict[str, Any] | None) -> OpenedConversation | NotOpened | None:
    if fields is None:
        return None
    return msgspec.convert(fields, NotOpened) if "why" in fields else msgspec.convert(fields, OpenedConversation)


@functools.lru_cache(64)
def _packet(size: int) -> bytes:
    """A packet of this many bytes: the packets of a record have few sizes."""
    return bytes(size)


class RecordedField(InvalidField):
    """A fault whose message is known, but no longer the value that it is about."""

    def __init__(self, code: int, msg: str, field: str) -> None:
        ProtocolError.__init__(self, code, msg)
        self.field = field
        self.value = None
        self.allowed = ""


def _fault(fields: dict[str, Any]) -> ProtocolError:
    if "field" in fields:
        return RecordedField(fields["code"], fields["msg"], fields["field"])
    return ProtocolError(fields["code"], fields["msg"])
