"""What a client sends: one struct for each of the eleven client events of OpenAI's Realtime protocol."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from kouyu.domain.client_json import (
    LARGEST_MESSAGE,
    MOST_CHARACTERS,
    JsonTooLarge,
    bare_json,
    decode_base64,
    decode_json_of_anybody,
)
from kouyu.domain.errors import InvalidField
from kouyu.domain.number_ranges import WholeNumber
from kouyu.domain.text_ranges import Text
from kouyu.protocol.openai.event_types import type_of
from kouyu.protocol.openai.faults import RefusedEvent, missing

KNOWN_EVENTS: Final = (
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "output_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.retrieve",
    "conversation.item.truncate",
    "conversation.item.delete",
    "response.create",
    "response.cancel",
)

_WITH_MEDIA: Final = ("conversation.item.create", "response.create")
"""Events that may hold pictures and audio, and so be as large as a WebSocket message."""
_ID: Final = Text(shortest=1)
_POSITION: Final = WholeNumber(0, 24 * 3_600_000, "ms")
_INDEX: Final = WholeNumber(0, 1_000)
_AUDIO: Final = "base64 with the standard alphabet"


class SessionUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """Changes the session; ``session`` is unchecked input of ``session_settings.updated``."""

    event_id: str | None = None
    session: Mapping[str, Any]


class AppendAudio(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the user's audio, decoded from base64, in the session's input format."""

    event_id: str | None = None
    audio: bytes


class CommitAudio(msgspec.Struct, frozen=True, kw_only=True):
    """Without turn detection: the user has finished."""

    event_id: str | None = None


class ClearAudio(msgspec.Struct, frozen=True, kw_only=True):
    """Discard the audio since the last commit."""

    event_id: str | None = None


class ClearOutput(msgspec.Struct, frozen=True, kw_only=True):
    """Cut off the response (of WebRTC and SIP; over a WebSocket the client holds the audio)."""

    event_id: str | None = None


class CreateItem(msgspec.Struct, frozen=True, kw_only=True):
    """Adds an item; ``item`` is unchecked input of ``items.read_item``. ``previous_item_id`` ``root``: it is the first;
    None: it becomes the last."""

    event_id: str | None = None
    item: object
    previous_item_id: str | None = None


class RetrieveItem(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for an item."""

    event_id: str | None = None
    item_id: str


class TruncateItem(msgspec.Struct, frozen=True, kw_only=True):
    """The client has played only so much of an answer's audio."""

    event_id: str | None = None
    item_id: str
    content_index: int
    audio_end_ms: int


class DeleteItem(msgspec.Struct, frozen=True, kw_only=True):
    """Removes an item."""

    event_id: str | None = None
    item_id: str


class CreateResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for an answer; ``response`` is unchecked input of ``response_options.read_options``."""

    event_id: str | None = None
    response: Mapping[str, Any]


class CancelResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Stops the response."""

    event_id: str | None = None
    response_id: str | None = None


ClientEvent = (
    SessionUpdate
    | AppendAudio
    | CommitAudio
    | ClearAudio
    | ClearOutput
    | CreateItem
    | RetrieveItem
    | TruncateItem
    | DeleteItem
    | CreateResponse
    | CancelResponse
)


class _Frame(msgspec.Struct, frozen=True):
    type: Literal["input_audio_buffer.append"]
    audio: bytes


class _LargeAppend(msgspec.Struct, frozen=True):
    type: Literal["input_audio_buffer.append"]
    audio: str
    event_id: object = None


_frame_decoder: Final = msgspec.json.Decoder(_Frame)
_large_append_decoder: Final = msgspec.json.Decoder(_LargeAppend)


def frame_of_audio(text: str | bytes) -> bytes | None:
    """The decoded audio of an ``input_audio_buffer.append`` of usual spelling; None for all else, which ``parse`` must
    read."""
    try:
        return _frame_decoder.decode(text).audio
    except (ValueError, RecursionError):
        return None


def parse(text: str | bytes) -> ClientEvent:
    """Parse the event of one WebSocket message.

    Raises RefusedEvent for a message that is not an event, and RefusedEvent or InvalidField for a field that is
    missing, of the wrong type or outside its range. The error quotes the value: send it to the client, do not log it.
    """
    if len(text) > MOST_CHARACTERS and (large := _large_append(text)) is not None:
        return large
    most = LARGEST_MESSAGE if len(text) > MOST_CHARACTERS and type_of(text) in _WITH_MEDIA else MOST_CHARACTERS
    event = _decoded(text, most)
    kind = event.get("type")
    if not isinstance(kind, str) or not kind:
        raise missing("type", ", ".join(KNOWN_EVENTS)) if kind is None else InvalidField("type", kind, "a text")
    return _read(kind, _event_id(event), event)


def _decoded(text: str | bytes, most_characters: int) -> dict[str, Any]:
    try:
        event = decode_json_of_anybody(text, most_characters)
    except JsonTooLarge as fault:
        raise RefusedEvent("invalid_event", f"the event is too large: {fault}") from fault
    except ValueError as fault:
        raise RefusedEvent("invalid_json", f"not JSON: {fault}") from fault
    except RecursionError as fault:
        raise RefusedEvent("invalid_json", "not readable JSON: nested too deeply") from fault
    if not isinstance(event, dict):
        raise RefusedEvent("invalid_event", "an event must be a JSON object with type")
    return event


def _read(kind: str, event_id: str | None, event: dict[str, Any]) -> ClientEvent:
    match kind:
        case "session.update":
            return SessionUpdate(event_id=event_id, session=_object(event, "session", required=True))
        case "input_audio_buffer.append":
            return AppendAudio(event_id=event_id, audio=_audio(event.get("audio")))
        case "input_audio_buffer.commit":
            return CommitAudio(event_id=event_id)
        case "input_audio_buffer.clear":
            return ClearAudio(event_id=event_id)
        case "output_audio_buffer.clear":
            return ClearOutput(event_id=event_id)
        case "conversation.item.create":
            before = _optional_id(event, "previous_item_id")
            return CreateItem(event_id=event_id, item=event.get("item"), previous_item_id=before)
        case "conversation.item.retrieve":
            return RetrieveItem(event_id=event_id, item_id=_item_id(event))
        case "conversation.item.truncate":
            return _truncation(event_id, event)
        case "conversation.item.delete":
            return DeleteItem(event_id=event_id, item_id=_item_id(event))
        case "response.create":
            return CreateResponse(event_id=event_id, response=_object(event, "response", required=False))
        case "response.cancel":
            return CancelResponse(event_id=event_id, response_id=_optional_id(event, "response_id"))
        case _:
            raise InvalidField("type", kind, ", ".join(KNOWN_EVENTS))


def _truncation(event_id: str | None, event: dict[str, Any]) -> TruncateItem:
    played = event.get("audio_end_ms")
    if played is None:
        raise missing("audio_end_ms", _POSITION.allowed)
    index = event.get("content_index")
    return TruncateItem(
        event_id=event_id,
        item_id=_item_id(event),
        content_index=0 if index is None else _INDEX.check("content_index", index),
        audio_end_ms=_POSITION.check("audio_end_ms", played),
    )


def _large_append(text: str | bytes) -> AppendAudio | None:
    try:
        append = _large_append_decoder.decode(bare_json(text))
    except (ValueError, RecursionError):
        return None
    event_id = append.event_id if isinstance(append.event_id, str) else None
    return AppendAudio(event_id=event_id, audio=_audio(append.audio))


def _audio(value: object) -> bytes:
    if not isinstance(value, str):
        raise missing("audio", _AUDIO) if value is None else InvalidField("audio", value, _AUDIO)
    try:
        return decode_base64(value)
    except ValueError as fault:
        raise InvalidField("audio", value, _AUDIO) from fault


def _event_id(event: dict[str, Any]) -> str | None:
    event_id = event.get("event_id")
    return event_id if isinstance(event_id, str) and event_id else None


def _object(event: dict[str, Any], name: str, *, required: bool) -> dict[str, Any]:
    value = event.get(name)
    if value is None:
        if required:
            raise missing(name, "an object")
        return {}
    if not isinstance(value, dict):
        raise InvalidField(name, value, "an object")
    return value


def _item_id(event: dict[str, Any]) -> str:
    value = event.get("item_id")
    if value is None:
        raise missing("item_id", _ID.allowed)
    return _ID.check("item_id", value)


def _optional_id(event: dict[str, Any], name: str) -> str | None:
    value = event.get(name)
    return None if value is None else _ID.check(name, value)
