"""The body of ``POST audio/speech``, and what it means here."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from kouyu.audio.downlink_encoding import FileFormat
from kouyu.audio_sessions.reading_aloud import Reading
from kouyu.domain.errors import InvalidField
from kouyu.server.rest.ids import OptionalId

_LONGEST: Final = 4_096
SpokenFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
FILE_FORMATS: Final[dict[str, FileFormat]] = {
    "mp3": "mp3",
    "opus": "ogg_opus",
    "aac": "aac",
    "flac": "flac",
    "wav": "wav",
    "pcm": "pcm",
    "pcm16": "pcm",
}
MEDIA_TYPES: Final = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


class SpeechBody(Struct, frozen=True, kw_only=True):
    """The body. Further fields are ignored."""

    input: Annotated[str, Meta(max_length=_LONGEST, description="1 to 4096 characters.")]
    voice: Annotated[
        OptionalId, Meta(description="The id or the name of a voice; OpenAI's names, as alloy, are the default voice.")
    ] = ""
    model: Annotated[OptionalId, Meta(description="Any: the voice decides which model speaks.")] = ""
    response_format: Annotated[
        SpokenFormat, Meta(description="`opus` is in Ogg, `aac` in ADTS; `pcm` is 24 kHz, 16 bit, mono, little-endian.")
    ] = "mp3"
    speed: Annotated[float, Meta(ge=0.25, le=4)] = 1.0
    stream_format: Annotated[Literal["audio", "sse"], Meta(description="The file, or events with its pieces.")] = (
        "audio"
    )
    instructions: Annotated[
        str, Meta(max_length=2_048, description="Directions to the speaker: slower, whispering, cheerfully.")
    ] = ""


def reading_of(asked: SpeechBody, voice_id: str) -> Reading:
    """What is to be read aloud. Raises InvalidField."""
    if not asked.input:
        raise InvalidField("input", "", f"a text of 1 to {_LONGEST} characters")
    return Reading(
        text=asked.input,
        voice_id=voice_id,
        file_format=FILE_FORMATS[asked.response_format],
        speed=asked.speed,
        context_texts=asked.instructions,
    )
