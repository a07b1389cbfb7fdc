"""A stand-in for an OpenAI-compatible ``/audio/transcriptions``: keeps what it hears and says what it is told to.

Behind it one can measure the very audio that a server gives to its recogniser, and what it asks of it.
"""

import io
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import msgspec
import numpy as np

from kouyu.audio.pcm import Samples, float_from_int16
from tests.standins.form_parts import form_parts

QUESTION_TEXT: Final = "What is the capital of France?"


@dataclass(frozen=True)
class Heard:
    """One request: mono audio at 16 kHz, and the other fields of the form."""

    audio: Samples
    form: dict[str, str]


@dataclass
class RecognitionStandIn:
    """The running stand-in. ``text`` is the transcript of everything until it is changed."""

    base_url: str
    text: str = QUESTION_TEXT
    heard: list[Heard] = field(default_factory=list)


class _Endpoint(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stand_in = RecognitionStandIn(f"http://127.0.0.1:{self.server_address[1]}/v1")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Endpoint

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        form: dict[str, str] = {}
        audio: Samples = np.zeros(0, np.float32)
        for name, value in form_parts(self.headers["Content-Type"], content):
            if name == "file":
                with wave.open(io.BytesIO(value)) as wav:
                    audio = float_from_int16(np.frombuffer(wav.readframes(wav.getnframes()), "<i2"))
            else:
                form[name] = value.decode()
        self.server.stand_in.heard.append(Heard(audio, form))
        body = msgspec.json.encode({"text": self.server.stand_in.text})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def recognition_stand_in() -> Iterator[RecognitionStandIn]:
    """Run the stand-in on a free port for the length of a block."""
    with _Endpoint() as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield endpoint.stand_in
        finally:
            endpoint.shutdown()
            thread.join()
