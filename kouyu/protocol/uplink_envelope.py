"""What every uplink event has in common: the envelope, and how its fields are read (websocket.md 2)."""

from typing import Any

import msgspec

from kouyu.protocol.client_json import decode_base64, decode_json
from kouyu.protocol.errors import BAD_REQUEST, InvalidField, ProtocolError


class RawEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event whose ``data`` is still unchecked JSON."""

    id: str | None
    event_type: str
    data: Any


def decode_event(text: str | bytes) -> RawEvent:
    """The event that one WebSocket message holds. Raises ProtocolError, InvalidField for what is no event at all."""
    try:
        event = decode_json(text)
    except ValueError as fault:
        raise ProtocolError(BAD_REQUEST, f"not JSON: {fault}") from fault
    except RecursionError as fault:
        raise ProtocolError(BAD_REQUEST, "not readable JSON: nested too deeply") from fault
    if not isinstance(event, dict):
        raise ProtocolError(BAD_REQUEST, "an event must be a JSON object with event_type")
    event_type = event.get("event_type")
    if not isinstance(event_type, str) or not event_type:
        raise InvalidField("event_type", event_type, "a text (required)")
    return RawEvent(id=as_id(event.get("id")), event_type=event_type, data=event.get("data"))


def as_id(value: Any) -> str | None:
    """Ids are texts; a number is one in spirit, and anything else is as good as none."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_object(value: Any, path: str = "data") -> dict[str, Any]:
    """A JSON object; null is an empty one. Raises InvalidField."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidField(path, value, "an object")
    return value


def required_text(fields: dict[str, Any], name: str, path: str) -> str:
    """A field that must be there and be a text. Raises InvalidField."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise InvalidField(f"{path}.{name}", value, "a text (required)")
    return value


def audio_delta(data: dict[str, Any]) -> bytes:
    """The bytes of ``data.delta``, base64 undone. Raises InvalidField."""
    delta = required_text(data, "delta", "data")
    try:
        return decode_base64(delta)
    except ValueError as fault:
        raise InvalidField("data.delta", delta, "base64 with the standard alphabet") from fault
