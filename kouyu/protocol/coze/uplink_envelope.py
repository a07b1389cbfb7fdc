"""Parsing of the envelope of all uplink events, and of their fields (websocket.md 2)."""

from typing import Any, Final, Literal

import msgspec

from kouyu.domain.client_json import (
    MOST_CHARACTERS,
    JsonTooLarge,
    bare_json,
    decode_base64,
    decode_json,
    decode_json_of_anybody,
)
from kouyu.domain.errors import BAD_REQUEST, InvalidField, ProtocolError

_LONGEST_APPEND_ID: Final = 1024
"""Bytes of JSON of the longest event id that is expected from a client."""
_ORIGIN_CHARACTERS: Final = 2000


class RawEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event whose ``data`` is still unchecked JSON."""

    id: str | None
    event_type: str
    data: Any


def origin_message(message: str | bytes) -> str:
    """The beginning of a WebSocket message, for the ``error`` event that answers it."""
    text = message.decode(errors="replace") if isinstance(message, bytes) else message
    return text[:_ORIGIN_CHARACTERS]


def decode_event(text: str | bytes) -> RawEvent:
    """Parse the envelope of one WebSocket message. Raises ProtocolError or InvalidField if it is not an event."""
    try:
        event = decode_json_of_anybody(text)
    except JsonTooLarge as fault:
        raise ProtocolError(BAD_REQUEST, f"the event is too large: {fault}") from fault
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
    """Accept text as an id; convert a number to text; return None for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_object(value: Any, path: str = "data") -> dict[str, Any]:
    """``value`` as a JSON object; null becomes an empty one. Raises InvalidField for other values."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidField(path, value, "an object")
    return value


def required_text(fields: dict[str, Any], name: str, path: str) -> str:
    """A field that must be there and be a text, whose length is checked elsewhere. Raises InvalidField."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise InvalidField(f"{path}.{name}", value, "a text (required)")
    return value


class AppendedAudio(msgspec.Struct, frozen=True):
    """An ``input_audio_buffer.append``: its id, and the bytes of ``data.delta``, decoded from base64."""

    id: str | None
    delta: bytes


def appended_audio(text: str | bytes) -> AppendedAudio | None:
    """The audio of one WebSocket message, if it is an ``input_audio_buffer.append``; None if ``decode_event`` must
    parse the message, with its lower size limit.

    Decodes nothing else of such an event, which may be many times as large as others. Raises InvalidField.
    """
    try:
        # Nearly every message is audio; for those one typed decode does everything, including base64.
        append = _append_decoder.decode(text)
    except (ValueError, RecursionError):
        if len(text) <= MOST_CHARACTERS:
            return None
    else:
        return AppendedAudio(_short_id(append.id), append.data.delta)
    try:
        large = _large_append_decoder.decode(bare_json(text))
    except (ValueError, RecursionError):
        return None
    return AppendedAudio(_short_id(large.id), _audio(large.data.delta))


def frame_of_audio(text: str | bytes) -> bytes | None:
    """The decoded ``data.delta`` of an ``input_audio_buffer.append`` of usual size; None for anything else, which
    ``appended_audio`` or ``decode_event`` must parse."""
    try:
        return _frame_decoder.decode(text).data.delta
    except (ValueError, RecursionError):
        return None


class _AppendData(msgspec.Struct, frozen=True):
    delta: bytes


class _Append(msgspec.Struct, frozen=True):
    event_type: Literal["input_audio_buffer.append"]
    data: _AppendData
    id: msgspec.Raw = msgspec.Raw(b"null")


class _Frame(msgspec.Struct, frozen=True):
    event_type: Literal["input_audio_buffer.append"]
    data: _AppendData


class _LargeAppendData(msgspec.Struct, frozen=True):
    delta: str


class _LargeAppend(msgspec.Struct, frozen=True):
    event_type: Literal["input_audio_buffer.append"]
    data: _LargeAppendData
    id: msgspec.Raw = msgspec.Raw(b"null")


_frame_decoder: Final = msgspec.json.Decoder(_Frame)
_append_decoder: Final = msgspec.json.Decoder(_Append)
_large_append_decoder: Final = msgspec.json.Decoder(_LargeAppend)


def _short_id(raw: msgspec.Raw) -> str | None:
    return as_id(decode_json(bytes(raw))) if len(raw) <= _LONGEST_APPEND_ID else None


def audio_delta(data: dict[str, Any]) -> bytes:
    """The bytes of ``data.delta``, decoded from base64. Raises InvalidField."""
    return _audio(required_text(data, "delta", "data"))


def _audio(delta: str) -> bytes:
    try:
        return decode_base64(delta)
    except ValueError as fault:
        raise InvalidField("data.delta", delta, "base64 with the standard alphabet") from fault
