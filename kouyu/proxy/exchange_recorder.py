"""Records one request with its answer."""

import codecs
import zlib
from collections.abc import Iterator
from typing import Final

import h11

from kouyu.cassettes.format import REDACTED, Body, Exchange
from kouyu.cassettes.secrets import ANSWER_HEADERS, REQUEST_HEADERS, Secrets, is_oauth, kept_headers
from kouyu.cassettes.selection import body_of
from kouyu.cassettes.writing import CassetteWriter

LARGEST_BODY: Final = 32 * 1024 * 1024
"""Bytes of a body that are kept; of a longer one only its length is written."""
READABLE_CODINGS: Final = frozenset({"gzip", "deflate", "identity"})
"""Content codings that are undone before a body is written: a secret could hide in a compressed one."""
_GZIP_OR_ZLIB: Final = 47
_EVENT_STREAM: Final = "text/event-stream"


class ExchangeRecorder:
    """Takes in the parts of one request and its answer as they are relayed."""

    def __init__(self, writer: CassetteWriter, secrets: Secrets, request: h11.Request, at: float) -> None:
        """``at``: seconds since the recording began."""
        self._writer = writer
        self._secrets = secrets
        self._at = at
        self._method = request.method.decode("ascii")
        self._path, _, query = request.target.decode("latin-1").partition("?")
        headers = header_pairs(request)
        secrets.learn_headers(headers)
        self._query = secrets.query(query)
        self._headers = kept_headers(headers, REQUEST_HEADERS)
        self._request = _Body(headers)
        self._answer: _Body | None = None
        self._status = 0
        self._answer_headers: dict[str, str] = {}
        self._answered_at = 0.0

    def request_data(self, data: bytes) -> None:
        """A part of the request's body."""
        self._request.add(data, 0.0)

    def answer_head(self, answer: h11.Response, at: float) -> None:
        """The answer's head, at so many seconds since the recording began."""
        headers = header_pairs(answer)
        self._secrets.learn_headers(headers)
        self._status = answer.status_code
        self._answer_headers = kept_headers(headers, ANSWER_HEADERS)
        self._answer = _Body(headers)
        self._answered_at = at

    def answer_data(self, data: bytes, at: float) -> None:
        """A part of the answer's body."""
        if self._answer is not None:
            self._answer.add(data, at - self._answered_at)

    def finish(self) -> None:
        """Write the exchange, if an answer came. Raises OSError."""
        if self._answer is None:
            return
        self._writer.exchange(
            Exchange(
                at=round(self._at, 4),
                method=self._method,
                path=self._path,
                query=self._query,
                headers=self._headers,
                body=self._written(self._request, is_answer=False),
                status=self._status,
                answer_headers=self._answer_headers,
                answer_body=self._written(self._answer, is_answer=True),
            )
        )

    def _written(self, body: "_Body", *, is_answer: bool) -> Body:
        if body.unreadable or body.length > LARGEST_BODY:
            return Body(bytes=body.length)
        if not body.length:
            return Body()
        if body.media_type == _EVENT_STREAM and is_answer and not is_oauth(self._path):
            return Body(pieces=tuple((at, self._secrets.scrub_json_text(text)) for at, text in body.lines()))
        content = body.content()
        read = body_of(body.media_type, content)
        if is_oauth(self._path):
            if read is None or read.text is not None:
                return Body(text=REDACTED)
            return Body(json=self._secrets.oauth(self._path, read.json))
        if read is not None:
            return read
        return self._writer.answer_file(content) if is_answer else Body(bytes=len(content))


class _Body:
    """A body while it comes: its parts without their content coding, each with its time."""

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        fields = {name.lower(): value for name, value in headers}
        self.media_type = fields.get("content-type", "").partition(";")[0].strip().lower()
        coding = fields.get("content-encoding", "identity").strip().lower()
        self.unreadable = coding not in READABLE_CODINGS
        self.length = 0
        self._coded = coding != "identity"
        self._decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._parts: list[tuple[float, bytes]] = []

    def add(self, data: bytes, at: float) -> None:
        if self.unreadable:
            self.length += len(data)
            return
        if self._coded:
            try:
                data = self._decoder.decompress(data, LARGEST_BODY + 1)
            except zlib.error:
                self.unreadable = True
        self.length += len(data)
        if self.length <= LARGEST_BODY:
            self._parts.append((at, data))

    def content(self) -> bytes:
        return b"".join(data for _, data in self._parts)

    def lines(self) -> Iterator[tuple[float, str]]:
        """Whole lines of the text, and when their ends came: half a secret could not be told."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        begun: list[str] = []
        at = 0.0
        for at, data in self._parts:
            whole, end, rest = decoder.decode(data).rpartition("\n")
            if end:
                yield round(at, 4), "".join((*begun, whole, end))
                begun = []
            begun.append(rest)
        if rest := "".join(begun):
            yield round(at, 4), rest


def header_pairs(message: h11.Request | h11.Response | h11.InformationalResponse) -> list[tuple[str, str]]:
    """The headers, spelt as they came."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message.headers.raw_items()]
