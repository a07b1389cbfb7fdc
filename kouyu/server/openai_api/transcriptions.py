"""``POST /openai/v1/audio/transcriptions``: the text of a recording, with the times of its segments."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import Guard

from kouyu.audio.pcm import Samples
from kouyu.audio_sessions.recording import HeardSegment, heard_segments
from kouyu.audio_sessions.services import RecognitionServices
from kouyu.domain import errors
from kouyu.domain.errors import ProtocolError
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.server.openai_api.errors import PREFIX, error_of, not_supported, openai_operation
from kouyu.server.openai_api.hanging_up import unless_hung_up
from kouyu.server.openai_api.server_sent_events import HEADERS, MEDIA_TYPE, event
from kouyu.server.openai_api.transcription_shape import (
    GRANULARITIES,
    Asked,
    Transcription,
    TranscriptionForm,
    asked_of,
    delta_of,
    done_of,
    shown,
)
from kouyu.server.rest.transcriptions import decoded_upload
from kouyu.server.rest.typed import typed_form
from kouyu.server.rest.uploads import FORM_BYTES, Form, read_form
from kouyu.text.joining import appended
from kouyu.workers.limited import LimitedWorkers

log = logging.getLogger(__name__)

_MOST_BYTES: Final = 25 * 1024 * 1024
_LONGEST_S: Final = 60 * 60
_LISTS: Final = (GRANULARITIES, GRANULARITIES.removesuffix("[]"), "include[]", "include")
"""Fields that may occur several times."""


def transcription_routes(
    services: RecognitionServices, workers: LimitedWorkers, guard: Guard
) -> list[HTTPRouteHandler]:
    """The route handlers. ``workers`` decode the uploads."""

    @post(
        f"{PREFIX}/audio/transcriptions",
        guards=[guard],
        request_max_body_size=_MOST_BYTES + FORM_BYTES,
        status_code=200,
        opt=openai_operation("Transcribe a recording", form=TranscriptionForm, data=Transcription),
    )
    async def openai_transcription(request: Request[Any, Any, Any]) -> Response[Any]:
        """Transcribe the part `file`: 25 MB and 60 minutes at most."""
        form = await read_form(request)
        asked = _asked(form)
        _, content = form.file(most_bytes=_MOST_BYTES)
        audio = await unless_hung_up(request, decoded_upload(content, _LONGEST_S, workers))
        duration_s = len(audio) / SPEECH_RATE
        request.auth.use.count_audio(duration_s)
        if asked.stream:
            return Stream(_events(services, audio, asked, duration_s), media_type=MEDIA_TYPE, headers=HEADERS)
        segments = await unless_hung_up(request, _heard(services, audio, asked))
        answer = shown(segments, duration_s, asked.response_format)
        if isinstance(answer, str):
            return Response(answer.encode(), media_type="text/plain; charset=utf-8")
        return Response(msgspec.json.encode(answer), media_type=MediaType.JSON)

    @post(
        f"{PREFIX}/audio/translations",
        guards=[guard],
        request_max_body_size=_MOST_BYTES + FORM_BYTES,
        status_code=200,
        opt=openai_operation("Translate a recording: refused", form=TranscriptionForm),
    )
    async def openai_translation(request: Request[Any, Any, Any]) -> Response[Any]:
        """Say that the recogniser does not translate."""
        raise not_supported(
            None,
            "the recogniser here writes down what was said, in its own language, and does not translate: use "
            "audio/transcriptions, and have a bot translate the text by chat/completions",
        )

    return [openai_transcription, openai_translation]


def _asked(form: Form) -> Asked:
    """What the form asks for. Raises ProtocolError."""
    texts = [(part.name, part.text()) for part in form.parts if part.name in _LISTS]
    granularities = [text for name, text in texts if name.startswith(GRANULARITIES.removesuffix("[]"))]
    include = [text for name, text in texts if name.startswith("include")]
    given = {name: text for name, text in form.texts().items() if name not in _LISTS}
    return asked_of(typed_form(given, TranscriptionForm), granularities, include)


async def _heard(services: RecognitionServices, audio: Samples, asked: Asked) -> list[HeardSegment]:
    """All segments. Raises ProtocolError."""
    try:
        async with aclosing(heard_segments(services, audio, asked.how)) as segments:
            return [segment async for segment in segments]
    except EngineError as fault:
        raise ProtocolError(errors.INTERNAL, str(fault)) from fault


async def _events(
    services: RecognitionServices, audio: Samples, asked: Asked, duration_s: float
) -> AsyncGenerator[bytes, None]:
    """The segments as they are recognised. A failure is an event too, in place of the one that ends the transcript."""
    text = ""
    try:
        async with aclosing(heard_segments(services, audio, asked.how)) as segments:
            async for segment in segments:
                yield event(delta_of(text, segment))
                text = appended(text, segment.text)
    except EngineError as fault:
        log.warning("a recording was not transcribed to its end: %s", fault)
        yield event({"type": "error", **msgspec.to_builtins(error_of(500, str(fault)))})
        return
    yield event(done_of(text, duration_s))
