"""How effects are recorded, and their plain values read back.

While a session runs, this must cost next to nothing: structs are left to msgspec, which encodes them natively with all
their fields. Python touches only what must not be written in full: the configuration of an order and the head of a
message become numbers of the record's tables, the packets of the agent lengths. Defaults are dropped on reading.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, get_args

import msgspec

from kouyu.conversation.effects import Effect, ReadAhead, Send, Speak, StartReply, Transcribe
from kouyu.domain.events import Configured, Event, Resumed, SpeechDelta
from kouyu.domain.messages import Message
from kouyu.recording.plain_values import Configurations, plain_fields, plain_struct

PlainEffect = list[Any]
"""``[name, fields]``, without the fields that have their defaults."""
_EFFECTS: Final[dict[str, type[msgspec.Struct]]] = {kind.__name__: kind for kind in get_args(Effect)}
_EVENTS: Final[dict[str, type[msgspec.Struct]]] = {kind.__name__: kind for kind in get_args(Event)}
_WITH_MESSAGE: Final = frozenset(kind for kind in _EVENTS.values() if "message" in kind.__struct_fields__)


class Tables:
    """What the entries of a record refer to by number."""

    def __init__(self) -> None:
        self.configurations = Configurations()
        self.heads: list[Message | dict[str, Any]] = []
        """Messages without their content: as structs where they are written, as maps where they are read."""
        self._numbers: dict[Message, int] = {}

    def head(self, message: Message) -> int | None:
        """The number of a message's head; a new one is appended. None: it has metadata, and is written in full."""
        if message.meta_data is not msgspec.UNSET:
            return None
        head = msgspec.structs.replace(message, content="")
        number = self._numbers.get(head)
        if number is None:
            number = self._numbers[head] = len(self.heads)
            self.heads.append(head)
        return number


def plain_effect(effect: Effect, configurations: Configurations) -> PlainEffect:
    """The plain values of an effect."""
    return [type(effect).__name__, plain_struct(effect, configurations)]


def encodable(effect: Effect, tables: Tables) -> tuple[Any, ...]:
    """``effect`` as msgspec is to encode it: its name, and what ``plain_recorded`` understands."""
    kind = type(effect)
    special = _SPECIAL.get(kind)
    return (kind.__name__, effect) if special is None else special(effect, tables)


def _encodable_send(effect: Send, tables: Tables) -> tuple[Any, ...]:
    event = _encodable_event(effect.event, tables)
    if effect.apart:
        return "Send", event, {"sounding": effect.sounding, "packet": effect.packet, "apart": True}
    if effect.sounding is None and effect.packet is None:
        return "Send", event
    return "Send", event, effect.sounding, effect.packet


def _encodable_event(event: Event, tables: Tables) -> tuple[Any, ...]:
    kind = type(event)
    if kind in _WITH_MESSAGE:
        fields = {name: getattr(event, name) for name in kind.__struct_fields__}
        message: Message = fields["message"]
        number = tables.head(message)
        if number is not None:
            fields["message"] = [number, message.content] if message.content else number
        if kind is SpeechDelta:
            fields["audio"] = len(fields["audio"])
        return kind.__name__, fields
    if isinstance(event, Configured | Resumed):
        return kind.__name__, {
            "configuration": tables.configurations.number(event.configuration),
            "options": event.options,
        }
    return kind.__name__, event


def _encodable_order(effect: Transcribe | StartReply | ReadAhead | Speak, tables: Tables) -> tuple[Any, ...]:
    fields = {name: getattr(effect, name) for name in effect.__struct_fields__}
    fields["configuration"] = tables.configurations.number(effect.configuration)
    return type(effect).__name__, fields


_SPECIAL: Final[dict[type[Any], Callable[[Any, Tables], tuple[Any, ...]]]] = {
    Send: _encodable_send,
    Transcribe: _encodable_order,
    StartReply: _encodable_order,
    ReadAhead: _encodable_order,
    Speak: _encodable_order,
}


def plain_recorded(recorded: Sequence[Any], tables: Tables) -> PlainEffect:
    """The plain values of an effect as it was read. One that this version does not know stays as it is."""
    match recorded:
        case ["Send", event]:
            return ["Send", {"event": _plain_event(event, tables)}]
        case ["Send", event, dict() as more]:
            return ["Send", _known({"event": _plain_event(event, tables), **more})]
        case ["Send", event, sounding, packet]:
            return ["Send", _known({"event": _plain_event(event, tables), "sounding": sounding, "packet": packet})]
        case [str() as name, dict() as fields]:
            return [name, _plain_order(fields, _EFFECTS.get(name), tables)]
        case _:
            return list(recorded)


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _plain_event(recorded: Sequence[Any], tables: Tables) -> list[Any]:
    name, fields = recorded
    kind = _EVENTS.get(name)
    match fields.get("message") if kind in _WITH_MESSAGE else None:
        case int() as number:
            fields = fields | {"message": _with_head(number, "", tables)}
        case [int() as number, str() as content]:
            fields = fields | {"message": _with_head(number, content, tables)}
    if kind is SpeechDelta:
        return [name, _plain(fields | {"audio": b""}, kind, tables) | {"audio": fields["audio"]}]
    return [name, _plain_order(fields, kind, tables)]


def _with_head(number: int, content: str, tables: Tables) -> dict[str, Any]:
    head = tables.heads[number]
    assert isinstance(head, dict)
    return head | {"content": content}


def _plain_order(fields: dict[str, Any], kind: type[msgspec.Struct] | None, tables: Tables) -> dict[str, Any]:
    number = fields.get("configuration")
    if number is None:
        return _plain(fields, kind, tables)
    return _plain(fields | {"configuration": tables.configurations.all[number]}, kind, tables)


def _plain(fields: dict[str, Any], kind: type[msgspec.Struct] | None, tables: Tables) -> dict[str, Any]:
    """The fields without those that have today's defaults, and without those that the type no longer has."""
    if kind is None:
        return fields
    try:
        return plain_fields(msgspec.convert(fields, kind), tables.configurations)
    except msgspec.ValidationError:
        return fields  # another type than today's, which the comparison shows
