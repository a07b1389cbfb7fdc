"""Copies a session's WebSocket messages for those who watch them, with audio replaced by its size."""

from collections.abc import Callable
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from kouyu.diagnostics.facts.wire import EventReceived, EventSent, WireFact

LONGEST_TEXT: Final = 2_000
"""Characters of one text of an event that are copied."""
LONGEST_EVENT: Final = 16_000
"""Bytes of JSON of an event that is copied whole; of a longer one only the beginning is."""
_AUDIO: Final = {
    ("event_type", "input_audio_buffer.append"): ("data", "delta"),
    ("event_type", "conversation.audio.delta"): ("data", "content"),
    ("type", "input_audio_buffer.append"): ("", "audio"),
    ("type", "response.output_audio.delta"): ("", "delta"),
    ("type", "response.audio.delta"): ("", "delta"),
}
"""Where the events of each protocol have audio: the object, "" for the event itself, and its field. The last one is of
the beta of OpenAI's."""


class WireTap:
    """Makes facts of a session's messages and gives them to ``say``.

    ``clock`` gives the seconds since the connection began.
    """

    def __init__(self, clock: Callable[[], float], say: Callable[[WireFact], None]) -> None:
        self._clock = clock
        self._say = say

    def received(self, message: str | bytes) -> None:
        """Copy a message of the client."""
        self._copy(EventReceived, message)

    def sent(self, message: str) -> None:
        """Copy a message that was sent to the client."""
        self._copy(EventSent, message)

    def _copy(self, kind: type[EventReceived] | type[EventSent], message: str | bytes) -> None:
        encoded = message.encode(errors="replace") if isinstance(message, str) else message
        event, audio_bytes = _shortened(encoded)
        text = "" if event is not None else encoded[:LONGEST_TEXT].decode(errors="replace")
        at_ms = round(self._clock() * 1000, 1)
        self._say(kind(at_ms=at_ms, bytes=len(encoded), audio_bytes=audio_bytes, event=event, text=text))


@runtime_checkable
class Tapped(Protocol):
    """A connection that gives each message to its ``wire_tap``, if it has one."""

    wire_tap: WireTap | None


def _shortened(message: bytes) -> tuple[msgspec.Raw | None, int]:
    """The event as short JSON, or None if there is none, and the bytes of its audio."""
    try:
        event = msgspec.json.decode(message)
        if not isinstance(event, dict):
            return None, 0
        audio_bytes = _take_audio(event)
        short = msgspec.json.encode(_cut(event))
    except (ValueError, RecursionError):
        return None, 0
    return (msgspec.Raw(short) if len(short) <= LONGEST_EVENT else None), audio_bytes


def _take_audio(event: dict[str, Any]) -> int:
    """Replace the event's audio by its size, which is returned in bytes; 0 if it carries none."""
    place, field = _AUDIO.get(_type_of(event), ("", ""))
    fields = event.get(place) if place else event
    if not isinstance(fields, dict) or not isinstance(audio := fields.get(field), str):
        return 0
    size = len(audio) * 3 // 4 - audio[-2:].count("=")
    fields[field] = f"({size} bytes)"
    return size


def _type_of(event: dict[str, Any]) -> tuple[str, str]:
    """The field that has the event's type, which differs by protocol, and the type."""
    for name in ("event_type", "type"):
        if isinstance(kind := event.get(name), str):
            return name, kind
    return "", ""


def _cut(value: Any) -> Any:
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return f"{value[:LONGEST_TEXT]}… ({len(value)} characters)"
        case dict():
            return {name: _cut(inner) for name, inner in value.items()}
        case list():
            return [_cut(inner) for inner in value]
        case _:
            return value
