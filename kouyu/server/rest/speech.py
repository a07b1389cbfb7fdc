"""``POST /v1/audio/speech``: text to speech as an audio file, streamed while it is synthesised (rest.md 2.3)."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import Guard
from msgspec import Meta, Struct

from kouyu.audio.downlink_encoding import FileFormat
from kouyu.audio.wav_of_pcm import wav_of_pcm
from kouyu.audio_sessions.reading_aloud import Reading, read_aloud
from kouyu.audio_sessions.services import SynthesisServices
from kouyu.audio_sessions.unknown_voice import tell_of_unknown_voice
from kouyu.conversation.capabilities import Capabilities
from kouyu.domain.configuration import Emotion, OutputAudio
from kouyu.domain.errors import INTERNAL, InvalidField, ProtocolError
from kouyu.engines.errors import EngineError
from kouyu.server.openapi.operation import described
from kouyu.server.rest.ids import Id
from kouyu.server.rest.typed import typed_body

_MOST_BYTES: Final = 1024
_SAMPLE_RATE: Final = 24_000
_FILE_FORMATS: Final[dict[str, FileFormat]] = {
    "wav": "pcm",
    "pcm": "pcm",
    "mp3": "mp3",
    "ogg_opus": "ogg_opus",
    "ogg": "ogg_opus",
    "opus": "ogg_opus",
}
_MEDIA_TYPES: Final = {"wav": "audio/wav", "pcm": "audio/pcm", "mp3": "audio/mpeg"}
"""Media types of the formats other than Ogg."""


class CreateSpeech(Struct, frozen=True, kw_only=True):
    """The body."""

    input: Annotated[str, Meta(description="1 to 1024 bytes of UTF-8.")]
    voice_id: Id
    response_format: Annotated[
        Literal["wav", "pcm", "ogg_opus", "mp3", "ogg", "opus", ""],
        Meta(description="`ogg` and `opus` are `ogg_opus`: Opus in Ogg. `pcm` is 16 bit, mono, little-endian."),
    ] = "mp3"
    speed: Annotated[float, Meta(ge=0.2, le=3)] = 1.0
    # coze-java sends 0 if its caller sets none.
    sample_rate: Annotated[
        Literal[0, 8000, 16000, 22050, 24000, 32000, 44100, 48000], Meta(description="0 is 24000.")
    ] = _SAMPLE_RATE
    loudness_rate: Annotated[int, Meta(ge=-50, le=100, description="-50 is half as loud, 100 twice.")] = 0
    emotion: Emotion = ""
    emotion_scale: Annotated[float, Meta(ge=1, le=5)] = 4.0


def speech_routes(services: SynthesisServices, capabilities: Capabilities, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers."""

    @post(
        "/v1/audio/speech",
        guards=[guard],
        status_code=200,
        opt=described("Text to speech, as an audio file", "Audio", body=CreateSpeech, answer="audio"),
    )
    async def create_speech(request: Request[Any, Any, Any]) -> Response[Any]:
        """Synthesise speech from a text."""
        asked = await typed_body(request, CreateSpeech)
        counting = msgspec.structs.replace(services, count_audio=request.auth.use.count_audio)
        file = read_aloud(counting, _reading(capabilities, asked))
        if asked.response_format == "wav":
            return Response(await _wav(file, asked.sample_rate or _SAMPLE_RATE), media_type=_MEDIA_TYPES["wav"])
        first = await _first(file)
        return Stream(_rest(first, file), media_type=_MEDIA_TYPES.get(asked.response_format or "mp3", "audio/ogg"))

    return [create_speech]


def _reading(capabilities: Capabilities, asked: CreateSpeech) -> Reading:
    """Check the request. Raises InvalidField."""
    size = len(asked.input.encode())
    if not 1 <= size <= _MOST_BYTES:
        raise InvalidField("input", f"{size} bytes", f"1 to {_MOST_BYTES} bytes of UTF-8")
    output = capabilities.output_in_force(OutputAudio(voice_id=asked.voice_id), "voice_id")
    tell_of_unknown_voice(capabilities, asked.voice_id)
    return Reading(
        text=asked.input,
        voice_id=output.voice_id or "",
        file_format=_FILE_FORMATS[asked.response_format or "mp3"],
        sample_rate=asked.sample_rate or _SAMPLE_RATE,
        speed=asked.speed,
        loudness_rate=asked.loudness_rate,
        emotion=asked.emotion,
        emotion_scale=asked.emotion_scale,
    )


async def _first(file: AsyncGenerator[bytes, None]) -> bytes:
    """Wait for the first piece: until then an error can still be an HTTP status. Raises ProtocolError."""
    try:
        return await anext(file, b"")
    except EngineError as fault:
        raise _failed(fault) from fault


async def _rest(first: bytes, file: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Stream the whole file. An error aborts the connection, so that no client mistakes a part for the whole."""
    async with aclosing(file):
        yield first
        async for piece in file:
            yield piece


async def _wav(file: AsyncGenerator[bytes, None], sample_rate: int) -> bytes:
    """Collect a whole WAV file: its header holds its length. Raises ProtocolError."""
    async with aclosing(file):
        try:
            return wav_of_pcm(b"".join([piece async for piece in file]), sample_rate)
        except EngineError as fault:
            raise _failed(fault) from fault


def _failed(fault: EngineError) -> ProtocolError:
    return ProtocolError(INTERNAL, f"speech synthesis failed: {fault}")
