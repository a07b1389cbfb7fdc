"""Speech from any endpoint with the ``/v1/audio/speech`` of OpenAI's API."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final, Literal

import httpx
import msgspec
import numpy as np
from msgspec import Meta

from kouyu.engines.declaration import Engine, EngineContext
from kouyu.engines.endpoint_client import api_key_of, endpoint_client
from kouyu.engines.errors import EngineError
from kouyu.engines.http_body import body_pieces
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.tts.prosody import speed_of
from kouyu.engines.web_address import require_web_address

log = logging.getLogger(__name__)

SAMPLE_RATE: Final = 24_000
"""Rate in Hz of ``response_format: pcm``: 16 bit, mono, little-endian."""

PIECE_BYTES: Final = SAMPLE_RATE * 2 // 10
"""A tenth of a second: smaller parts of the stream are joined."""

RETRYABLE: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class EndpointVoice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice of the endpoint."""

    name: Annotated[str, Meta(min_length=1)]
    """The endpoint's name for it; clients see it with the prefix ``openai-``."""
    languages: Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)] = ("en", "zh")
    gender: Literal["male", "female", "unknown"] = "unknown"


class OpenAISpeechOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.openai_tts]: where the endpoint is and what it has."""

    base_url: str = ""
    """The URL up to and including ``/v1``."""
    api_key: str = ""
    api_key_env: str = ""
    """The environment variable that holds the key, so that it need not be in a file."""
    model: str = ""
    voices: tuple[EndpointVoice, ...] = ()
    takes_instructions: bool = True
    """Whether the model follows instructions. Emotions and context texts are sent only then."""
    connect_seconds: Annotated[float, Meta(gt=0)] = 5.0
    read_seconds: Annotated[float, Meta(gt=0)] = 10.0
    """Timeout in seconds for the first and for every further byte. Below the limit ``synthesis_s``, so that another
    voice can take over."""

    def __post_init__(self) -> None:
        require_web_address("base_url", self.base_url)


class OpenAISpeech:
    """A SpeechSynthesizer over HTTP. Yields audio as it arrives."""

    def __init__(self, options: OpenAISpeechOptions, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._options = options
        self._names = {f"openai-{voice.name}": voice.name for voice in options.voices}
        self._client = endpoint_client(
            options.base_url,
            options.api_key,
            connect_s=options.connect_seconds,
            read_s=options.read_seconds,
            transport=transport,
        )

    def voices(self) -> Sequence[Voice]:
        """The voices of the options, in their order."""
        return _voices(self._options)

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        """Speak a text. Raises EngineError, retryable if the endpoint is busy or unreachable."""
        if options.voice_id not in self._names:
            raise EngineError(f"no voice is called {options.voice_id!r}")
        async with (
            self._errors_as_engine_errors(),
            self._client.stream("POST", "audio/speech", json=self._body(text, options)) as answer,
        ):
            if answer.status_code >= 400:
                raise EngineError(
                    f"the speech endpoint answered {answer.status_code}", retryable=answer.status_code in RETRYABLE
                )
            waiting = b""
            is_silent = True
            async for data in body_pieces(answer):
                waiting += data
                if len(waiting) >= PIECE_BYTES:
                    whole = len(waiting) // 2 * 2
                    is_silent = False
                    yield _piece(waiting[:whole])
                    waiting = waiting[whole:]
            if len(waiting) >= 2:
                yield _piece(waiting[: len(waiting) // 2 * 2])
            elif is_silent:
                raise EngineError("the speech endpoint returned no audio", retryable=True)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def _errors_as_engine_errors(self) -> AsyncGenerator[None, None]:
        try:
            yield
        except httpx.HTTPError as error:
            # The text of an httpx error contains the address, for the log alone; neither holds the text to speak.
            log.warning("the speech endpoint %s: %s %s", self._client.base_url, type(error).__name__, error)
            raise EngineError("the speech endpoint cannot be reached", retryable=True) from error

    def _body(self, text: str, options: SynthesisOptions) -> dict[str, object]:
        body: dict[str, object] = {
            "model": self._options.model,
            "voice": self._names[options.voice_id],
            "input": text,
            "response_format": "pcm",
            "speed": speed_of(options.speech_rate),
        }
        if self._options.takes_instructions and (options.context_texts or options.emotion):
            emotion = (
                f"Speak in this emotion: {options.emotion}, {options.emotion_scale:g} of 5." if options.emotion else ""
            )
            body["instructions"] = " ".join(filter(None, (options.context_texts, emotion)))
        return body


def _voices(options: OpenAISpeechOptions) -> tuple[Voice, ...]:
    return tuple(
        Voice(
            voice_id=f"openai-{voice.name}",
            name=voice.name,
            engine="openai",
            languages=voice.languages,
            gender=voice.gender,
            takes_context_texts=options.takes_instructions,
        )
        for voice in options.voices
    )


def _piece(data: bytes) -> AudioPiece:
    return AudioPiece(np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768), SAMPLE_RATE)


async def _load(context: EngineContext, options: OpenAISpeechOptions) -> OpenAISpeech:
    key = api_key_of(context.section, options.api_key, options.api_key_env)
    return OpenAISpeech(msgspec.structs.replace(options, api_key=key))


def _check(options: OpenAISpeechOptions) -> None:
    if not (options.base_url and options.model and options.voices):
        raise ValueError("needs base_url, model and voices")


ENGINE: Final = Engine(name="openai", kind="tts", load=_load, options=OpenAISpeechOptions, voices=_voices, check=_check)
