"""Inputs and effects as plain values (maps, lists, texts, numbers), and inputs rebuilt from them.

A struct becomes the map of those of its fields that differ from their defaults. Therefore a record stays comparable
when a struct gets a new field with a default. A configuration, which many effects repeat, becomes its number in the
table of the record. The agent's packets become their length: the core never looks into them.
"""

import functools
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
from kouyu.protocol.configuration import Configuration
from kouyu.protocol.downlink import DownlinkEvent, Message
from kouyu.protocol.errors import InvalidField, ProtocolError
from kouyu.protocol.merge import Merged
from kouyu.recording.frames import LARGEST_FRAME, RecordError

_NONE: Final = object()
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
    if kind in (str, int, float, bool, bytes) or value is None:
        return value
    if kind is Configuration:
        return configurations.number(value)
    if isinstance(value, msgspec.Struct):
        return plain_struct(value, configurations)
    if isinstance(value, tuple | list):
        return [plain(each, configurations) for each in value]
    if isinstance(value, dict):
        return {key: plain(each, configurations) for key, each in value.items()}
    return _special(value)


def _special(value: Any) -> Any:
    match value:
        case msgspec.Raw():
            return msgspec.json.decode(value)
        case InvalidField():
            return {"code": value.code, "msg": value.msg, "field": value.field}
        case ProtocolError():
            return {"code": value.code, "msg": value.msg}
        case _:
            raise TypeError(f"a value of type {type(value).__name__} cannot be recorded")


def plain_struct(value: msgspec.Struct, configurations: Configurations) -> dict[str, Any]:
    """The fields of a struct that differ from their defaults."""
    match value:
        case SpeechAudio(order, packet, duration_ms):
            return {"order": order, "packet": len(packet), "duration_ms": duration_ms}
        case DownlinkEvent("conversation.audio.delta", Message() as message):
            fields = plain_fields(message, configurations)
            return {"event_type": value.event_type, "data": {**fields, "content": len(message.content)}}
        case Merged():
            faults = plain(value.faults, configurations)
            return {"configuration": configurations.number(value.configuration), "faults": faults}
        case _:
            return plain_fields(value, configurations)


def plain_fields(value: msgspec.Struct, configurations: Configurations) -> dict[str, Any]:
    """The fields that differ from their defaults, whatever the struct."""
    fields: dict[str, Any] = {}
    for name, default in _defaults(type(value)):
        given = getattr(value, name)
        if given is default or given is msgspec.UNSET or (default is not _NONE and given == default):
            continue
        fields[name] = plain(given, configurations)
    return fields


@functools.cache
def _defaults(kind: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    def default(field: msgspec.structs.FieldInfo) -> Any:
        if field.default_factory is not msgspec.NODEFAULT:
            return field.default_factory()
        return _NONE if field.required else field.default

    return tuple((field.name, default(field)) for field in msgspec.structs.fields(kind))


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
        if not 0 <= fields["packet"] <= LARGEST_FRAME:
            raise KeyError("packet")
        return SpeechAudio(fields["order"], bytes(fields["packet"]), fields["duration_ms"])
    if kind is ClientFault:
        return ClientFault(_fault(fields["fault"]), fields.get("origin_message"))
    if kind is ConfigurationUpdate:
        return _update(fields, configurations)
    if kind is ConnectionResumed:
        opened = msgspec.convert(fields["conversation"], OpenedConversation)
        return ConnectionResumed(configurations.all[fields["requested"]], opened)
    return msgspec.convert(fields, kind)


def _update(fields: dict[str, Any], configurations: Configurations) -> ConfigurationUpdate:
    configuration = configurations.all[fields["merged"]["configuration"]]
    # The configuration before is for the session alone, which has looked up all references by now.
    faults = tuple(_fault(fault) for fault in fields["merged"]["faults"])
    return ConfigurationUpdate(
        merged=Merged(configuration, configuration, faults),  # type: ignore[arg-type]
        misspelt=tuple(fields.get("misspelt", ())),
        conversation=_found(fields.get("conversation")),
        origin_message=fields.get("origin_message"),
    )


def _found(fields: dict[str, Any] | None) -> OpenedConversation | NotOpened | None:
    if fields is None:
        return None
    return msgspec.convert(fields, NotOpened) if "why" in fields else msgspec.convert(fields, OpenedConversation)


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
