import asyncio
import io
import json
import threading
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from kouyu.engines.asr.engine import RecognitionOptions
from kouyu.engines.asr.openai import OpenAIOptions, OpenAIRecognizer
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from tests.standins.form_parts import form_parts


class Endpoint(ThreadingHTTPServer):
    """An endpoint on this machine that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.body = b'{"text": " Hello there. "}'
        self.body_with_prompt = self.body
        self.requests = 0
        self.silent = threading.Event()
        self.parts: dict[str, bytes] = {}
        self.headers: dict[str, str] = {}
        self.path = ""


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.path, self.server.headers = self.path, dict(self.headers)
        self.server.parts = dict(form_parts(self.headers["Content-Type"], content))
        self.server.requests += 1
        if self.server.silent.is_set():
            self.close_connection = True
            return
        body = self.server.body_with_prompt if "prompt" in self.server.parts else self.server.body
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def recognizer(endpoint: Endpoint, **changes: Any) -> OpenAIRecognizer:
    return OpenAIRecognizer(
        OpenAIOptions(
            base_url=f"http://127.0.0.1:{endpoint.server_address[1]}/v1", model="big", api_key="secret", **changes
        )
    )


AUDIO = np.linspace(-1, 1, 1600, dtype=np.float32)


async def test_a_proxy_is_not_asked_for_an_endpoint_on_this_machine(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    engine = recognizer(endpoint)
    heard = await engine.recognize(AUDIO, RecognitionOptions(), Priority.FINAL)
    await engine.close()
    assert heard.text == "Hello there."


async def test_the_audio_is_sent_as_a_wav_with_the_language(endpoint: Endpoint) -> None:
    engine = recognizer(endpoint)
    heard = await engine.recognize(AUDIO, RecognitionOptions(language="en"), Priority.FINAL)
    await engine.close()
    assert (heard.text, heard.language) == ("Hello there.", "en")
    assert endpoint.path == "/v1/audio/transcriptions"
    assert endpoint.headers["Authorization"] == "Bearer secret"
    file = endpoint.parts.pop("file")
    assert endpoint.parts == {"model": b"big", "response_format": b"json", "language": b"en"}
    with wave.open(io.BytesIO(file)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 2, 16_000)
        samples = np.frombuffer(wav.readframes(-1), "<i2")
    assert np.allclose(samples / 32768, AUDIO, atol=1 / 32768)


async def test_where_a_hot_word_may_have_been_misheard_it_is_asked_again_with_those_of_the_language(
    endpoint: Endpoint,
) -> None:
    endpoint.body = b'{"text": "Please call Nicole."}'
    endpoint.body_with_prompt = b'{"text": "please call Nikhil"}'
    engine = recognizer(endpoint)
    options = RecognitionOptions(hot_words=("扣子", "Nikhil", "Siobhan"), context="A call.")
    heard = await engine.recognize(AUDIO, options, Priority.FINAL)
    assert (heard.text, heard.language, endpoint.requests) == ("Please call Nikhil.", "en", 2)
    assert endpoint.parts["prompt"] == b"A call. Nikhil, Siobhan"
    assert endpoint.parts["language"] == b"en"
    heard = await engine.recognize(AUDIO, RecognitionOptions(hot_words=("Siobhan", "扣子")), Priority.FINAL)
    await engine.close()
    assert (heard.text, endpoint.requests) == ("Please call Nicole.", 3)


@pytest.mark.parametrize(
    ("answer", "language"),
    [
        ({"text": "Hello"}, "en"),
        ({"text": "今天天气不错。"}, "zh"),
        ({"text": "Bonjour", "language": "fr"}, "fr"),
        ({"text": "你好", "language": "chinese"}, "zh"),
        ({"text": ""}, "en"),
    ],
)
async def test_the_language_is_told_or_read_from_the_script(
    endpoint: Endpoint, answer: dict[str, str], language: str
) -> None:
    endpoint.body = json.dumps(answer).encode()
    engine = recognizer(endpoint)
    heard = await engine.recognize(AUDIO, RecognitionOptions(), Priority.FINAL)
    await engine.close()
    assert (heard.text, heard.language) == (answer["text"], language)
    assert "language" not in endpoint.parts
    assert "prompt" not in endpoint.parts


@pytest.mark.parametrize(
    ("status", "retryable"), [(400, False), (401, False), (404, False), (429, True), (500, True), (503, True)]
)
async def test_a_refusal_is_retryable_where_it_may_pass(endpoint: Endpoint, status: int, retryable: bool) -> None:
    endpoint.status = status
    engine = recognizer(endpoint)
    with pytest.raises(EngineError, match=str(status)) as caught:
        await engine.recognize(AUDIO, RecognitionOptions(), Priority.FINAL)
    await engine.close()
    assert caught.value.retryable is retryable


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error": 1}'])
async def test_an_answer_that_is_no_transcript_is_an_error(endpoint: Endpoint, body: bytes) -> None:
    endpoint.body = body
    engine = recognizer(endpoint)
    with pytest.raises(EngineError, match="not a transcript") as caught:
        await engine.recognize(AUDIO, RecognitionOptions(), Priority.FINAL)
    await engine.close()
    assert not caught.value.retryable


async def test_a_connection_that_breaks_may_be_tried_again(endpoint: Endpoint) -> None:
    endpoint.silent.set()
    engine = recognizer(endpoint)
    with pytest.raises(EngineError) as caught:
        await engine.recognize(AUDIO, RecognitionOptions(), Priority.FINAL)
    await engine.close()
    assert caught.value.retryable


async def test_an_endpoint_that_never_answers_is_given_up_and_its_address_is_in_the_log_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    left = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    engine = OpenAIRecognizer(OpenAIOptions(base_url=f"http://127.0.0.1:{port}/v1", model="big", timeout=0.05))
    with pytest.raises(EngineError) as caught:
        await engine.recognize(AUDIO, RecognitionOptions(), Priority.FINAL)
    await engine.close()
    server.close()
    await left.wait()
    assert caught.value.retryable
    assert str(port) not in str(caught.value)
    assert f"http://127.0.0.1:{port}/v1" in caplog.text


async def test_a_transcript_that_nobody_can_have_said_is_cut_off(endpoint: Endpoint) -> None:
    endpoint.body = json.dumps({"text": "word " * 100_000}).encode()
    engine = recognizer(endpoint)
    recognition = await engine.recognize(np.zeros(2 * 16_000, np.float32), RecognitionOptions(), Priority.FINAL)
    assert recognition.text == ("word " * 100)[: 200 + 2 * 40]
    await engine.close()
