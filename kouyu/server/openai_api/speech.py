"""``POST /openai/v1/audio/speech``: text to speech, streamed while it is synthesised."""

import base64
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import Guard

from kouyu.agents.token_estimate import estimate_tokens
from kouyu.audio_sessions.reading_aloud import read_aloud
from kouyu.audio_sessions.services import SynthesisServices
from kouyu.conversation.capabilities import Capabilities
from kouyu.domain.errors import INTERNAL, ProtocolError
from kouyu.engines.errors import EngineError
from kouyu.server.openai_api.errors import PREFIX, error_of, openai_operation
from kouyu.server.openai_api.hanging_up import unless_hung_up
from kouyu.server.openai_api.named_voices import chosen_voice
from kouyu.server.openai_api.server_sent_events import HEADERS, MEDIA_TYPE, event
from kouyu.server.openai_api.speech_shape import MEDIA_TYPES, SpeechBody, reading_of
from kouyu.server.rest.typed import typed_body

log = logging.getLogger(__name__)


def speech_routes(services: SynthesisServices, capabilities: Capabilities, guard: Guard) -> list[HTTPRouteHandler]:
    """The route handlers."""

    @post(
        f"{PREFIX}/audio/speech",
        guards=[guard],
        status_code=200,
        opt=openai_operation("Text to speech", body=SpeechBody, answer="audio"),
    )
    async def openai_speech(request: Request[Any, Any, Any]) -> Stream:
        """Synthesise speech from a text."""
        asked = await typed_body(request, SpeechBody)
        voice_id = chosen_voice(asked.voice, services.synthesizer.voices(), capabilities)
        counting = msgspec.structs.replace(services, count_audio=request.auth.use.count_audio)
        file = read_aloud(counting, reading_of(asked, voice_id))
        first = await unless_hung_up(request, _first(file))
        if asked.stream_format == "sse":
            usage = estimate_tokens(asked.input)
            return Stream(_events(first, file, usage), media_type=MEDIA_TYPE, headers=HEADERS)
        return Stream(_rest(first, file), media_type=MEDIA_TYPES[asked.response_format])

    return [openai_speech]


async def _first(file: AsyncGenerator[bytes, None]) -> bytes:
    """Wait for the first piece: until then an error can still be an HTTP status. Raises ProtocolError."""
    try:
        return await anext(file, b"")
    except EngineError as fault:
        raise ProtocolError(INTERNAL, f"speech synthesis failed: {fault}") from fault


async def _rest(first: bytes, file: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Stream the whole file. An error aborts the connection, so that no client mistakes a part for the whole."""
    async with aclosing(file):
        yield first
        async for piece in file:
            yield piece


async def _events(first: bytes, file: AsyncGenerator[bytes, None], tokens: int) -> AsyncGenerator[bytes, None]:
    """The pieces as events. A failure is an event too, in place of the one that ends the speech."""
    try:
        async with aclosing(_rest(first, file)) as pieces:
            async for piece in pieces:
                if piece:
                    yield event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()})
    except EngineError as fault:
        log.warning("a text was not spoken to its end: %s", fault)
        yield event({"type": "error", **msgspec.to_builtins(error_of(500, f"speech synthesis failed: {fault}"))})
        return
    usage = {"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens}
    yield event({"type": "speech.audio.done", "usage": usage})
