"""An HTTP server on a thread of its own that answers every POST with what a function makes of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

AnswerPost: TypeAlias = Callable[[str, bytes], bytes]
"""From the content type and the body of a request to the body of its answer."""


class _Endpoint(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: AnswerPost) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Endpoint

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        body = self.server.answer(self.headers["Content-Type"], content)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def post_endpoint(answer: AnswerPost) -> Iterator[str]:
    """Serve on a free port for the length of a block; gives the base URL."""
    with _Endpoint(answer) as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{endpoint.server_address[1]}/v1"
        finally:
            endpoint.shutdown()
            thread.join()
