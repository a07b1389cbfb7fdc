"""Speech recognition by any endpoint that speaks OpenAI's ``/audio/transcriptions``."""

import logging
from http import HTTPStatus
from typing import Annotated, Final

import httpx
import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kouyu.audio.wav import encode_wav
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.declaration import Engine, EngineContext
from kouyu.engines.endpoint_client import api_key_of, endpoint_client, require_web_address
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.protocol.speech_rate import SPEECH_RATE
from kouyu.text.language import language_of

log = logging.getLogger(__name__)


class OpenAIOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.openai_asr]: where to send audio."""

    base_url: str = ""
    """With the version, as in ``http://127.0.0.1:8000/v1``."""
    api_key: str = ""
    api_key_env: str = ""
    """The environment variable that holds the key, so that it need not stand in a file."""
    model: str = ""
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    """Seconds for the whole answer."""
    connect_timeout: Annotated[float, Meta(gt=0)] = 3.0
    """Seconds."""

    def __post_init__(self) -> None:
        require_web_address("base_url", self.base_url)


class _Answer(msgspec.Struct):
    text: str
    language: str = ""


class OpenAIRecognizer:
    """A SpeechRecognizer. It waits on the network only, so it does not need the scheduler; priorities are ignored."""

    def __init__(self, options: OpenAIOptions) -> None:
        self._model = options.model
        self._client = endpoint_client(
            options.base_url, options.api_key, connect_s=options.connect_timeout, read_s=options.timeout
        )

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        """Recognise ``audio``: mono float32, -1 to 1, at SPEECH_RATE.

        Raises EngineError, retryable when the endpoint could not be reached, was too slow, busy or broken.
        """
        form = {"model": self._model, "response_format": "json"}
        if options.language is not None:
            form["language"] = options.language
        prompt = " ".join(part for part in (options.context.strip(), ", ".join(options.hot_words)) if part)
        if prompt:
            form["prompt"] = prompt
        answer = await self._ask(form, encode_wav(audio, SPEECH_RATE))
        text = answer.text.strip()
        return Recognition(text=text, language=options.language or _language(answer, text))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, form: dict[str, str], wav: bytes) -> _Answer:
        try:
            response = await self._client.post(
                "audio/transcriptions", data=form, files={"file": ("utterance.wav", wav, "audio/wav")}
            )
        except httpx.HTTPError as error:
            # Neither holds what was said; the address is for the log alone.
            log.warning("the speech recognition endpoint %s: %s %s", self._client.base_url, type(error).__name__, error)
            raise EngineError("the speech recognition endpoint cannot be reached", retryable=True) from error
        if not response.is_success:
            busy = response.status_code in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
            raise EngineError(
                f"the speech recognition endpoint answered {response.status_code}",
                retryable=busy or response.is_server_error,
            )
        try:
            return msgspec.json.decode(response.content, type=_Answer)
        except msgspec.DecodeError as error:
            raise EngineError(
                "the speech recognition endpoint answered with something else than a transcript"
            ) from error


def _language(answer: _Answer, text: str) -> str:
    """Some endpoints name the language in English or not at all: then its script has to tell."""
    return answer.language if len(answer.language) == len("en") else language_of(text) or "en"


async def _load(context: EngineContext, options: OpenAIOptions) -> OpenAIRecognizer:
    key = api_key_of(context.section, options.api_key, options.api_key_env)
    return OpenAIRecognizer(msgspec.structs.replace(options, api_key=key))


def _check(options: OpenAIOptions) -> None:
    if not (options.base_url and options.model):
        raise ValueError("needs base_url and model")


ENGINE: Final = Engine(name="openai", kind="asr", load=_load, options=OpenAIOptions, check=_check)
