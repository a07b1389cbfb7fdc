"""How effects are recorded, and their plain values read back.

While a session runs, this must cost next to nothing: structs are left to msgspec, which encodes them natively with all
their fields. Python touches only what must not be written in full: the configuration of an order and the head of a
message become numbers of the record's tables, the packets of the agent lengths. Defaults are dropped on reading.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, get_args

import msgspec

from kouyu.conversation.effects import Effect, ReadAhead, Send, Speak, StartReply, Transcribe, Withheld
from kouyu.domain.chats import Chat
from kouyu.domain.messages import Message
from kouyu.domain.transcripts import Transcript
from kouyu.protocol.coze.downlink import Cancellation, DownlinkEvent, ErrorData, Sentence
from kouyu.recording.plain_values import AUDIO_DELTA, Configurations, plain_fields, plain_struct

PlainEffect = list[Any]
"""``[name, fields]``, without the fields that have their defaults."""
_EFFECTS: Final[dict[str, type[msgspec.Struct]]] = {kind.__name__: kind for kind in get_args(Effect)}
_DATA: Final[dict[str, type[msgspec.Struct]]] = {
    kind.__name__: kind for kind in (Chat, Sentence, Transcript, Cancellation, ErrorData)
}
_RAW: Final = "Raw"
"""Stands for the type of data that is written as it is to be read."""


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
    if effect.sounding is None and effect.packet is None:
        return "Send", event
    return "Send", event, effect.sounding, effect.packet


def _encodable_event(event: DownlinkEvent, tables: Tables) -> tuple[Any, ...]:
    event_type, data = event.event_type, event.data
    if type(data) is Message:
        content = len(data.content) if event_type == AUDIO_DELTA else data.content
        number = tables.head(data)
        if number is not None:
            return event_type, number, content, event.origin_message
        return event_type, _RAW, {**msgspec.to_builtins(data), "content": content}, event.origin_message
    if data is None and event.origin_message is None:
        return (event_type,)
    if type(data) is msgspec.Raw:
        return event_type, _RAW, msgspec.json.decode(data), event.origin_message
    return event_type, type(data).__name__, data, event.origin_message


def _encodable_order(effect: Transcribe | StartReply | ReadAhead | Speak, tables: Tables) -> tuple[Any, ...]:
    fields = {name: getattr(effect, name) for name in effect.__struct_fields__}
    fields["configuration"] = tables.configurations.number(effect.configuration)
    return type(effect).__name__, fields


_SPECIAL: Final[dict[type[Any], Callable[[Any, Tables], tuple[Any, ...]]]] = {
    Send: _encodable_send,
    Withheld: lambda effect, tables: ("Withheld", _encodable_event(effect.event, tables)),
    Transcribe: _encodable_order,
    StartReply: _encodable_order,
    ReadAhead: _encodable_order,
    Speak: _encodable_order,
}


def plain_recorded(recorded: Sequence[Any], tables: Tables) -> PlainEffect:
    """The plain values of an effect as it was read. One that this version does not know stays as it is."""
    match recorded:
        case ["Send" | "Withheld" as name, event]:
            return [name, {"event": _plain_event(event, tables)}]
        case ["Send", event, sounding, packet]:
            sent = {"event": _plain_event(event, tables), "sounding": sounding, "packet": packet}
            return ["Send", {name: value for name, value in sent.items() if value is not None}]
        case [str() as name, dict() as fields]:
            return [name, _plain_order(fields, _EFFECTS.get(name), tables)]
        case _:
            return list(recorded)


def _plain_event(recorded: Sequence[Any], tables: Tables) -> dict[str, Any]:
    event_type, kind, data, origin_message = (*recorded, None, None, None)[:4]
    event = {"event_type": event_type}
    match kind:
        case int():
            head = tables.heads[kind]
            assert isinstance(head, dict)
            event["data"] = head | {"content": data}
        case str() if data is not None:
            event["data"] = _plain(data, _DATA.get(kind), tables)
    if origin_message is not None:
        event["origin_message"] = origin_message
    return event


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
