"""Speech recognition by any endpoint with OpenAI's ``/audio/transcriptions`` API."""

import logging
from http import HTTPStatus
from typing import Annotated, Final

import httpx
import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from kouyu.audio.wav import encode_wav
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.bias import Bias, may_be_misheard, with_words_heard_again
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.declaration import Engine, EngineContext
from kouyu.engines.endpoint_client import api_key_of, endpoint_client
from kouyu.engines.errors import EngineError
from kouyu.engines.http_body import whole_body
from kouyu.engines.scheduler import Priority
from kouyu.engines.web_address import require_web_address
from kouyu.text.language import language_of
from kouyu.text.untrusted_json import decode_untrusted

log = logging.getLogger(__name__)


_MOST_BYTES: Final = 1024 * 1024
"""Of the endpoint's answer, the words' times included."""
_MOST_PER_SECOND: Final = 40
"""Most characters of a transcript per second of audio: twice the fastest speech."""
_MOST_ANYWAY: Final = 200
"""Characters always allowed, however short the audio is."""


class OpenAIOptions(msgspec.Struct, frozen=True, kw_only=True):
    """[engines.openai_asr]: the endpoint to send audio to."""

    base_url: str = ""
    """With the version, as in ``http://127.0.0.1:8000/v1``."""
    api_key: str = ""
    api_key_env: str = ""
    """The environment variable that holds the key, so that it need not be in a file."""
    model: str = ""
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    """Seconds for the whole answer."""
    connect_timeout: Annotated[float, Meta(gt=0)] = 3.0
    """Seconds."""

    def __post_init__(self) -> None:
        require_web_address("base_url", self.base_url)


class _Answer(msgspec.Struct, frozen=True):
    text: str
    language: str = ""


class OpenAIRecognizer:
    """A SpeechRecognizer over HTTP. It only waits for the network: it bypasses the scheduler and ignores priorities."""

    def __init__(self, options: OpenAIOptions) -> None:
        self._model = options.model
        self._client = endpoint_client(
            options.base_url, options.api_key, connect_s=options.connect_timeout, read_s=options.timeout
        )

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        """Recognise ``audio``: mono float32, -1 to 1, at SPEECH_RATE.

        Sends no prompt, since Whisper would continue in its language. If the transcript has a part that sounds like an
        expected word, sends a second request with all of them as prompt, and takes the parts that sound alike from it.
        Raises EngineError, retryable if the endpoint could not be reached, was too slow, busy or broken.
        """
        wav = encode_wav(audio, SPEECH_RATE)
        most = _MOST_ANYWAY + _MOST_PER_SECOND * len(audio) // SPEECH_RATE
        text, language = await self._transcribed(wav, options.language, "", most)
        bias = Bias(options.hot_words, options.context).within(language)
        if may_be_misheard(text, bias):
            again, _ = await self._transcribed(wav, language, bias.prompt, most)
            text = with_words_heard_again(text, again, bias)
        return Recognition(text=text, language=language)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _transcribed(self, wav: bytes, language: str | None, prompt: str, most: int) -> tuple[str, str]:
        """Request a transcript with ``prompt``. Returns the text, of at most ``most`` characters, and its language."""
        form = {"model": self._model, "response_format": "json"}
        form |= {name: value for name, value in (("language", language), ("prompt", prompt)) if value}
        answer = await self._ask(form, wav)
        text = answer.text.strip()
        if len(text) > most:
            log.warning(
                "the speech recognition endpoint returned %d characters, but audio of this length has at most %d",
                len(text),
                most,
            )
            text = text[:most]
        return text, language or _language(answer, text)

    async def _ask(self, form: dict[str, str], wav: bytes) -> _Answer:
        try:
            async with self._client.stream(
                "POST", "audio/transcriptions", data=form, files={"file": ("utterance.wav", wav, "audio/wav")}
            ) as response:
                body = await whole_body(response, _MOST_BYTES) if response.is_success else b""
        except httpx.HTTPError as error:
            # Neither holds a user's speech; the address is for the log alone.
            log.warning("the speech recognition endpoint %s: %s %s", self._client.base_url, type(error).__name__, error)
            raise EngineError("the speech recognition endpoint cannot be reached", retryable=True) from error
        if not response.is_success:
            busy = response.status_code in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
            raise EngineError(
                f"the speech recognition endpoint answered {response.status_code}",
                retryable=busy or response.is_server_error,
            )
        try:
            return decode_untrusted(body, _Answer)
        except msgspec.DecodeError as error:
            raise EngineError("the speech recognition endpoint's answer is not a transcript") from error


def _language(answer: _Answer, text: str) -> str:
    """The language as a code. Endpoints that give its English name, or none: derived from the text's script."""
    return answer.language if len(answer.language) == len("en") else language_of(text) or "en"


async def _load(context: EngineContext, options: OpenAIOptions) -> OpenAIRecognizer:
    key = api_key_of(context.section, options.api_key, options.api_key_env)
    return OpenAIRecognizer(msgspec.structs.replace(options, api_key=key))


def _check(options: OpenAIOptions) -> None:
    if not (options.base_url and options.model):
        raise ValueError("needs base_url and model")


ENGINE: Final = Engine(name="openai", kind="asr", load=_load, options=OpenAIOptions, check=_check)
