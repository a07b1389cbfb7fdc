"""What an event's type says: where its audio is, whether it reports on the user's audio, how it is answered by rule."""

import base64
import binascii
import json
from typing import Any, Final

from kouyu.cassettes.format import Entry, Piece

APPEND: Final = "input_audio_buffer.append"
COMPLETE: Final = "input_audio_buffer.complete"

_AUDIO_FIELDS: Final = {
    APPEND: "delta",
    "conversation.audio.delta": "content",
    "speech.audio.update": "delta",
    "simult_interpretation.audio.delta": "delta",
}
"""The field of ``data`` that is audio in base64, by event type (websocket.md, downlink.md)."""
CREATED: Final = frozenset(
    {"chat.created", "speech.created", "transcriptions.created", "simult_interpretation.created"}
)
"""Events that answer the connection itself, whatever the client sent meanwhile."""
_HEARD: Final = frozenset(
    {
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "conversation.audio_transcript.update",
        "conversation.audio_transcript.completed",
        "transcriptions.message.update",
        "simult_interpretation.transcription.delta",
        "simult_interpretation.translation.delta",
    }
)
"""Events that report on the user's audio: they wait until so much of it has come."""


def event_type_of(event: dict[str, Any] | None) -> str:
    """The event's type; empty for None and for an object without one."""
    kind = (event or {}).get("event_type")
    return kind if isinstance(kind, str) else ""


def reports_on_audio(event: dict[str, Any] | None) -> bool:
    """Whether the event comes because of the user's audio, and not because of the event before it."""
    return event_type_of(event) in _HEARD


def holds_audio(event: dict[str, Any] | None) -> bool:
    """Whether the event is of a type whose data has audio."""
    return event_type_of(event) in _AUDIO_FIELDS and isinstance((event or {}).get("data"), dict)


def without_audio(event: dict[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    """The event with an empty text in the place of its audio, and the audio; None if it has none or it is no base64."""
    field = _AUDIO_FIELDS.get(event_type_of(event))
    data = event.get("data")
    if field is None or not isinstance(data, dict) or not isinstance(text := data.get(field), str):
        return event, None
    try:
        audio = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return event, None
    return {**event, "data": {**data, field: ""}}, audio


def with_audio(event: dict[str, Any], audio: bytes) -> dict[str, Any]:
    """Undo ``without_audio``."""
    field = _AUDIO_FIELDS[event_type_of(event)]
    return {**event, "data": {**event["data"], field: base64.b64encode(audio).decode()}}


def compact(value: Any) -> str:
    """JSON as the service writes it: without white space, and with characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def message_of(entry: Entry, audio: bytes) -> str | bytes:
    """The WebSocket message of an entry that is no close: text, or bytes if it was binary."""
    if entry.binary is not None:
        return piece_of(entry.binary, audio)
    if entry.event is None:
        return entry.text or ""
    event = with_audio(entry.event, piece_of(entry.audio, audio)) if entry.audio is not None else entry.event
    return compact(event)


def piece_of(piece: Piece, audio: bytes) -> bytes:
    """The bytes of a piece of the ``.audio`` file; as many zeros if they were not kept."""
    if piece.offset is None:
        return bytes(piece.bytes)
    return audio[piece.offset : piece.offset + piece.bytes]
