from collections.abc import AsyncIterator, Callable

import httpx
import msgspec
import numpy as np
import pytest

from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import SynthesisOptions
from kouyu.engines.tts.openai import EndpointVoice, OpenAISpeech, OpenAISpeechOptions
from tests.standins.speech_endpoint import speech_stand_in

OPTIONS = OpenAISpeechOptions(
    base_url="http://endpoint/v1", api_key="secret", model="speak-1", voices=(EndpointVoice(name="alloy"),)
)
ASKED = SynthesisOptions(voice_id="openai-alloy", speech_rate=50, emotion="happy")


class Endpoint:
    """A stand-in for the endpoint, in the process: keeps what it was asked and answers in awkward chunks."""

    def __init__(self, chunks: list[bytes], status: int = 200) -> None:
        self.chunks = chunks
        self.status = status
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)

        async def body() -> AsyncIterator[bytes]:
            for chunk in self.chunks:
                yield chunk

        return httpx.Response(self.status, content=body())


async def spoken(endpoint: Callable[[httpx.Request], object], options: SynthesisOptions = ASKED) -> np.ndarray:
    synthesizer = OpenAISpeech(OPTIONS, transport=httpx.MockTransport(endpoint))  # type: ignore[arg-type]
    try:
        pieces = [piece async for piece in synthesizer.synthesize("Hello.", options, Priority.SENTENCE)]
    finally:
        await synthesizer.close()
    assert all(piece.sample_rate == 24_000 and piece.samples.dtype == np.float32 for piece in pieces)
    return np.concatenate([piece.samples for piece in pieces])


async def test_a_proxy_is_not_asked_for_an_endpoint_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with speech_stand_in() as stand_in:
        synthesizer = OpenAISpeech(msgspec.structs.replace(OPTIONS, base_url=stand_in.base_url))
        pieces = [piece async for piece in synthesizer.synthesize("Hello.", ASKED, Priority.SENTENCE)]
        await synthesizer.close()
    assert pieces
    assert [asked["input"] for asked in stand_in.asked] == ["Hello."]


async def test_audio_cut_in_the_middle_of_a_sample_is_put_together() -> None:
    wave = np.arange(-6000, 6000, dtype="<i2")
    data = wave.tobytes()
    heard = await spoken(Endpoint([data[:1], data[1:9001], data[9001:9002], data[9002:]]))
    assert np.array_equal((heard * 32768).astype(np.int16), wave)


async def test_the_request_says_how_to_speak() -> None:
    endpoint = Endpoint([b"\0\0"])
    await spoken(endpoint)
    request = endpoint.requests[0]
    assert request.url == "http://endpoint/v1/audio/speech"
    assert request.headers["authorization"] == "Bearer secret"
    body = msgspec.json.decode(request.content)
    assert {key: body[key] for key in ("model", "voice", "input", "response_format", "speed")} == {
        "model": "speak-1",
        "voice": "alloy",
        "input": "Hello.",
        "response_format": "pcm",
        "speed": 1.5,
    }
    assert "happy" in body["instructions"]


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (429, True), (503, True)])
async def test_a_refusal_is_an_engine_error_that_says_whether_to_try_again(status: int, retryable: bool) -> None:
    with pytest.raises(EngineError) as caught:
        await spoken(Endpoint([b"{}"], status))
    assert caught.value.retryable is retryable


async def test_an_endpoint_out_of_reach_is_a_retryable_engine_error() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(EngineError) as caught:
        await spoken(unreachable)
    assert caught.value.retryable


async def test_an_unknown_voice_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="nobody"):
        await spoken(Endpoint([]), SynthesisOptions(voice_id="nobody"))


async def test_an_answer_without_any_sound_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="returned no audio"):
        await spoken(Endpoint([b""]))
