"""A stand-in for an OpenAI-compatible ``/audio/speech``: answers with a tone and keeps what it was asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import msgspec
import numpy as np

TONE_HZ: Final = 440.0
_RATE: Final = 24_000


@dataclass
class SpeechStandIn:
    """The running stand-in."""

    base_url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The bodies of all requests."""


class _Endpoint(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stand_in = SpeechStandIn(f"http://127.0.0.1:{self.server_address[1]}/v1")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Endpoint

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.stand_in.asked.append(msgspec.json.decode(content))
        time = np.arange(_RATE // 2) / _RATE
        body = (np.sin(2 * np.pi * TONE_HZ * time) * 8000).astype("<i2").tobytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def speech_stand_in() -> Iterator[SpeechStandIn]:
    """Run the stand-in on a free port for the length of a block."""
    with _Endpoint() as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield endpoint.stand_in
        finally:
            endpoint.shutdown()
            thread.join()
