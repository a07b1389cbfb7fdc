"""``POST /v1/audio/transcriptions``: the text of a recording (rest.md 2.4)."""

from typing import Any, Final

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard
from msgspec import Struct

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import Samples
from kouyu.audio.uploads import listening_audio
from kouyu.audio_sessions.recording import transcribe_recording
from kouyu.audio_sessions.services import RecognitionServices
from kouyu.domain.errors import FILE_FORMAT_REFUSED, INTERNAL, ProtocolError
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.server.openapi.operation import described
from kouyu.server.rest.answers import answer_success
from kouyu.server.rest.uploads import FORM_BYTES, FileForm, read_form
from kouyu.workers.limited import LimitedWorkers

MOST_BYTES: Final = 10 * 1024 * 1024
_LONGEST_S: Final = 30 * 60


class Transcribed(Struct, frozen=True):
    """The transcript; empty if there is no speech."""

    text: str


def transcription_routes(
    services: RecognitionServices, workers: LimitedWorkers, guard: Guard
) -> list[HTTPRouteHandler]:
    """The route handlers. ``workers`` decode the uploads."""

    @post(
        "/v1/audio/transcriptions",
        guards=[guard],
        request_max_body_size=MOST_BYTES + FORM_BYTES,
        status_code=200,
        opt=described("Transcribe a recording", "Audio", form=FileForm, data=Transcribed),
    )
    async def create_transcription(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Transcribe the part `file`: 10 MB and 30 minutes at most."""
        _, content = (await read_form(request)).file(most_bytes=MOST_BYTES)
        audio = await decoded_upload(content, _LONGEST_S, workers)
        request.auth.use.count_audio(len(audio) / SPEECH_RATE)
        try:
            text = await transcribe_recording(services, audio)
        except EngineError as fault:
            raise ProtocolError(INTERNAL, str(fault)) from fault
        return answer_success(request, Transcribed(text))

    return [create_transcription]


async def decoded_upload(content: bytes, longest_s: float, workers: LimitedWorkers, *, field: str = "file") -> Samples:
    """Decode a file to SPEECH_RATE. Raises ProtocolError, which names ``field``, if it is not audio, or too long."""
    try:
        return await listening_audio(content, longest_s, workers)
    except UndecodableAudio as fault:
        formats = "a WAV, MP3, Ogg, M4A, AAC, FLAC or WebM file"
        raise ProtocolError(FILE_FORMAT_REFUSED, f"{field}: {fault}; allowed: {formats}") from fault
