"""What the server sends on ``/v1/audio/speech``, ``/v1/audio/transcriptions`` and
``/v1/audio/simult_interpretation``."""

import base64
from collections.abc import Sequence
from typing import Literal

import msgspec

from kouyu.domain.errors import ProtocolError, all_in_one
from kouyu.domain.transcripts import Transcript
from kouyu.protocol.coze.downlink import ErrorData, Sentence

AudioEventType = Literal[
    "speech.created",
    "speech.updated",
    "input_text_buffer.completed",
    "conversation.audio.sentence_start",
    "speech.audio.update",
    "speech.audio.completed",
    "transcriptions.created",
    "transcriptions.updated",
    "input_audio_buffer.completed",
    "input_audio_buffer.cleared",
    "transcriptions.message.update",
    "transcriptions.message.completed",
    "simult_interpretation.created",
    "simult_interpretation.updated",
    "simult_interpretation.transcription.delta",
    "simult_interpretation.translation.delta",
    "simult_interpretation.audio.delta",
    "simult_interpretation.message.completed",
    "error",
]


class Delta(msgspec.Struct, frozen=True):
    """The next piece of a text, or of audio in base64."""

    delta: str


class AudioEvent(msgspec.Struct, frozen=True):
    """One event without its envelope, as ``downlink.DownlinkEvent``.

    ``data`` is a raw JSON object where it is the configuration in force.
    """

    event_type: AudioEventType
    data: Delta | Sentence | Transcript | ErrorData | msgspec.Raw | None = None
    origin_message: str | None = None


def audio_piece(event_type: AudioEventType, packet: bytes) -> AudioEvent:
    """An event that carries audio."""
    return AudioEvent(event_type, Delta(base64.b64encode(packet).decode()))


def audio_error(code: int, msg: str, origin_message: str | None = None) -> AudioEvent:
    """An ``error`` event, as ``downlink.error``."""
    return AudioEvent("error", ErrorData(code=code, msg=msg, message=msg), origin_message)


def audio_refusals(faults: Sequence[ProtocolError], origin_message: str | None) -> list[AudioEvent]:
    """One ``error`` event that names all faults of an update; none if there are no faults."""
    if not faults:
        return []
    fault = all_in_one(faults)
    return [audio_error(fault.code, fault.msg, origin_message)]
