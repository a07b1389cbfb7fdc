"""The unmodified cozepy package speaks and listens: its audio clients, over WebSockets and REST, sync and async."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from cozepy import (
    AsyncCoze,
    AsyncTokenAuth,
    AsyncWebsocketsAudioSpeechEventHandler,
    AsyncWebsocketsAudioTranscriptionsEventHandler,
    AudioFormat,
    Coze,
    CozeAPIError,
    InputAudio,
    InputAudioBufferAppendEvent,
    InputTextBufferAppendEvent,
    OpusConfig,
    OutputAudio,
    SpeechUpdateEvent,
    TokenAuth,
    TranscriptionsUpdateEvent,
    WebsocketsAudioSpeechEventHandler,
    WebsocketsAudioTranscriptionsEventHandler,
    WebsocketsEventType,
)

from kouyu.audio.pcm import bytes_from_float, float_from_int16
from kouyu.audio.wav import decode_audio, encode_wav, read_listening_audio
from tests.audio.signals import level_db
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models

PATIENCE_S = 60
TEXT = "The train leaves at nine. It arrives at ten."
PCM_16K = InputAudio(format="pcm", codec="pcm", sample_rate=16000, channel=1, bit_depth=16)


@pytest.fixture
def coze(scripted_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Coze]:
    monkeypatch.setenv("SSL_CERT_FILE", scripted_server.ca)
    client = Coze(auth=TokenAuth(scripted_server.token), base_url=scripted_server.https)
    yield client
    client._requester.sync_client.close()


@pytest.fixture
async def async_coze(scripted_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncCoze]:
    monkeypatch.setenv("SSL_CERT_FILE", scripted_server.ca)
    client = AsyncCoze(auth=AsyncTokenAuth(scripted_server.token), base_url=scripted_server.https)
    yield client
    await client._requester.async_client.aclose()


@pytest.fixture(scope="module")
def question(questions: Path) -> bytes:
    """What is the capital of France? PCM at 16 kHz."""
    return bytes_from_float(read_listening_audio(questions / "en-capital.wav"))


class Kept:
    """What came, of any kind."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def kinds(self) -> list[str]:
        return [event.event_type.value for event in self.events]

    def of(self, kind: WebsocketsEventType) -> list[Any]:
        return [event for event in self.events if event.event_type == kind]

    def wait_for(self, kind: WebsocketsEventType) -> None:
        until = time.monotonic() + PATIENCE_S
        while kind.value not in self.kinds():
            assert time.monotonic() < until, f"no {kind.value} in {self.kinds()}"
            time.sleep(0.02)

    def speech(self) -> bytes:
        return b"".join(event.data.delta for event in self.of(WebsocketsEventType.SPEECH_AUDIO_UPDATE))


def kept_by(handler: type) -> Any:
    """One of cozepy's handlers that keeps every event."""

    class Keeping(Kept, handler):  # type: ignore[misc]
        def to_dict(self, origin: dict[Any, Callable[..., Any]] | None = None) -> dict[Any, Callable[..., Any]]:
            return dict.fromkeys(WebsocketsEventType, self._keep)

        def _keep(self, _: Any, event: Any = None) -> Any:
            if event is not None:
                self.events.append(event)
            return asyncio.sleep(0) if handler.__name__.startswith("Async") else None

    return Keeping()


def text_piece(text: str) -> InputTextBufferAppendEvent.Data:
    return InputTextBufferAppendEvent.Data(delta=text)


def audio_piece(data: bytes) -> InputAudioBufferAppendEvent.Data:
    return InputAudioBufferAppendEvent.Data.model_validate({"delta": data})


def test_speech_with_the_synchronous_client(coze: Coze) -> None:
    heard = kept_by(WebsocketsAudioSpeechEventHandler)
    with coze.websockets.audio.speech.create(on_event=heard)() as speech:
        speech.speech_update(
            SpeechUpdateEvent(data=SpeechUpdateEvent.Data(output_audio=OutputAudio(codec="pcm", speech_rate=10)))
        )
        for word in TEXT.split(" "):
            speech.input_text_buffer_append(text_piece(word + " "))
        speech.input_text_buffer_complete()
        heard.wait_for(WebsocketsEventType.SPEECH_AUDIO_COMPLETED)
    updated = heard.of(WebsocketsEventType.SPEECH_UPDATED)[0].data.output_audio
    assert (updated.codec, updated.speech_rate, updated.pcm_config.sample_rate) == ("pcm", 10, 24000)
    sound = float_from_int16(np.frombuffer(heard.speech(), "<i2"))
    assert 2.0 < len(sound) / 24_000 < 5.0
    assert level_db(sound) > -35


async def test_speech_with_the_asynchronous_client(async_coze: AsyncCoze) -> None:
    heard = kept_by(AsyncWebsocketsAudioSpeechEventHandler)
    async with async_coze.websockets.audio.speech.create(on_event=heard)() as speech:
        output = OutputAudio(codec="opus", opus_config=OpusConfig(frame_size_ms=20))
        await speech.speech_update(SpeechUpdateEvent(data=SpeechUpdateEvent.Data(output_audio=output)))
        await speech.input_text_buffer_append(text_piece(TEXT))
        await speech.input_text_buffer_complete()
        async with asyncio.timeout(PATIENCE_S):
            await speech.wait()
    assert len(heard.of(WebsocketsEventType.SPEECH_AUDIO_UPDATE)) > 100
    assert heard.kinds()[-1] == "speech.audio.completed"


def test_transcription_with_the_synchronous_client(coze: Coze, question: bytes) -> None:
    heard = kept_by(WebsocketsAudioTranscriptionsEventHandler)
    with coze.websockets.audio.transcriptions.create(on_event=heard)() as transcriptions:
        transcriptions.transcriptions_update(TranscriptionsUpdateEvent.Data(input_audio=PCM_16K))
        for start in range(0, len(question), 1024):
            transcriptions.input_audio_buffer_append(audio_piece(question[start : start + 1024]))
        transcriptions.input_audio_buffer_complete()
        heard.wait_for(WebsocketsEventType.TRANSCRIPTIONS_MESSAGE_COMPLETED)
    assert heard.of(WebsocketsEventType.TRANSCRIPTIONS_UPDATED)[0].data.input_audio == PCM_16K
    last = heard.of(WebsocketsEventType.TRANSCRIPTIONS_MESSAGE_UPDATE)[-1]
    assert "capital of France" in last.data.content


async def test_transcription_with_the_asynchronous_client(async_coze: AsyncCoze, questions: Path) -> None:
    heard = kept_by(AsyncWebsocketsAudioTranscriptionsEventHandler)
    wav = encode_wav(read_listening_audio(questions / "en-sky.wav"), 16_000)
    async with async_coze.websockets.audio.transcriptions.create(on_event=heard)() as transcriptions:
        for start in range(0, len(wav), 1024):
            await transcriptions.input_audio_buffer_append(audio_piece(wav[start : start + 1024]))
        await transcriptions.input_audio_buffer_complete()
        async with asyncio.timeout(PATIENCE_S):
            await transcriptions.wait()
    last = heard.of(WebsocketsEventType.TRANSCRIPTIONS_MESSAGE_UPDATE)[-1]
    assert "color is the sky" in last.data.content


def test_what_is_spoken_over_rest_is_transcribed_over_rest(coze: Coze) -> None:
    voice_id = coze.audio.voices.list().items[0].voice_id
    for file_format in (AudioFormat.MP3, AudioFormat.OGG_OPUS):
        content = coze.audio.speech.create(
            input=TEXT, voice_id=voice_id, response_format=file_format, speed=1.1
        )._raw_response.read()
        samples, rate = decode_audio(content)
        assert 2.0 < len(samples) / rate < 5.0
        text = coze.audio.transcriptions.create(file=("said", io.BytesIO(content))).text
        assert "train leaves" in text


async def test_the_same_with_the_asynchronous_client(async_coze: AsyncCoze) -> None:
    answer = await async_coze.audio.speech.create(
        input=TEXT, voice_id="hibari-en-us-heart", response_format=AudioFormat.PCM, sample_rate=16000
    )
    content = await answer._raw_response.aread()
    wav = encode_wav(float_from_int16(np.frombuffer(content, "<i2")), 16_000)
    transcription = await async_coze.audio.transcriptions.create(file=wav)
    assert "train leaves" in transcription.text
    voices = await async_coze.audio.voices.list()
    assert voices.items[0].voice_id == "hibari-en-us-heart"


def test_a_preview_plays_without_a_token(coze: Coze, scripted_server: RunningServer) -> None:
    voice = coze.audio.voices.list().items[0]
    assert voice.preview_audio.startswith(scripted_server.https)
    answer = httpx.get(voice.preview_audio)
    assert answer.headers["content-type"] == "audio/mpeg"
    samples, rate = decode_audio(answer.content)
    assert 1.0 < len(samples) / rate < 5.0
    assert httpx.get(voice.preview_audio).content == answer.content


def test_a_clone_is_refused_with_its_reason(coze: Coze, question: bytes) -> None:
    wav = encode_wav(float_from_int16(np.frombuffer(question, "<i2")), 16_000)
    with pytest.raises(CozeAPIError) as refused:
        coze.audio.voices.clone(voice_name="My new voice", file=wav, audio_format=AudioFormat.WAV)
    assert refused.value.code == 5001
    assert "no speech engine of this server can clone a voice" in refused.value.msg
