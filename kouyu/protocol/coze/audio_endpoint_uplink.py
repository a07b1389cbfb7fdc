"""What a client sends on ``/v1/audio/speech``, ``/v1/audio/transcriptions`` and ``/v1/audio/simult_interpretation``."""

from typing import Any, Final, Literal

import msgspec

from kouyu.domain.ranges import required
from kouyu.domain.text_ranges import Text
from kouyu.protocol.coze.uplink import (
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferComplete,
    UnknownEvent,
)
from kouyu.protocol.coze.uplink_envelope import appended_audio, as_object, audio_delta, decode_event

_DELTA: Final = Text(65_536)
"""The text in one ``input_text_buffer.append``; any number of them may follow."""

AudioEndpointName = Literal["speech", "transcriptions", "simult_interpretation"]
"""The last part of the path, which is also the prefix of the endpoint's own events."""


class AudioUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """``speech.update``, ``transcriptions.update`` or ``simult_interpretation.update``; ``data`` is unchecked.

    ``origin_message`` is the uplink text, for the error event.
    """

    id: str | None = None
    data: dict[str, Any]
    origin_message: str | None = None


class InputTextBufferAppend(msgspec.Struct, frozen=True, kw_only=True):
    """The next piece of the text to speak."""

    id: str | None = None
    delta: str


class InputTextBufferComplete(msgspec.Struct, frozen=True, kw_only=True):
    """The text to speak is finished."""

    id: str | None = None


AudioUplinkEvent = (
    AudioUpdate
    | InputTextBufferAppend
    | InputTextBufferComplete
    | InputAudioBufferAppend
    | InputAudioBufferComplete
    | InputAudioBufferClear
    | UnknownEvent
)


def parse_audio_event(endpoint: AudioEndpointName, text: str | bytes) -> AudioUplinkEvent:
    """Parse the event of one WebSocket message (websocket.md 4 to 6); another endpoint's event counts as unknown.

    Raises ProtocolError for a message that is not an event, and InvalidField for a field that is missing or of a wrong
    type. The error's message quotes the field's value, so send it to the client but do not log it.
    """
    if (append := appended_audio(text)) is not None:
        if endpoint == "speech":
            return UnknownEvent(id=append.id, event_type="input_audio_buffer.append")
        return InputAudioBufferAppend(id=append.id, delta=append.delta)
    event = decode_event(text)
    match endpoint, event.event_type:
        case _, kind if kind == f"{endpoint}.update":
            return AudioUpdate(id=event.id, data=as_object(event.data))
        case "speech", "input_text_buffer.append":
            delta = required(as_object(event.data), "delta", "data", _DELTA)
            return InputTextBufferAppend(id=event.id, delta=delta)
        case "speech", "input_text_buffer.complete":
            return InputTextBufferComplete(id=event.id)
        case "transcriptions" | "simult_interpretation", "input_audio_buffer.append":
            return InputAudioBufferAppend(id=event.id, delta=audio_delta(as_object(event.data)))
        case "transcriptions" | "simult_interpretation", "input_audio_buffer.complete":
            return InputAudioBufferComplete(id=event.id)
        case "transcriptions", "input_audio_buffer.clear":
            return InputAudioBufferClear(id=event.id)
        case _:
            return UnknownEvent(id=event.id, event_type=event.event_type)
