"""An HTTP server on 127.0.0.1 that gives fixed answers by path, on a thread; it keeps what came in."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """A request: its method, its path with query, and its bearer token ("" without one)."""

    method: str
    path: str
    token: str


@dataclass
class FixedAnswers:
    """Where the server is, and what was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def fixed_answers(answers: Mapping[str, tuple[int, str]]) -> Iterator[FixedAnswers]:
    """Serve status and body by path, with its query or without; anything else is 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            stand_in.asked.append(Asked(self.command, self.path, token))
            status, body = answers.get(self.path) or answers.get(self.path.partition("?")[0]) or (404, "{}")
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in = FixedAnswers(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
