"""The files of a cassette (docs/guides/cassettes.md has the format with examples).

A cassette is a folder:

- ``cassette.json``: ``Header``.
- ``connection-0001.jsonl``, ...: one file for each WebSocket connection, in the order in which they were opened. Its
  first line is an ``Opening``, each further line an ``Entry``.
- ``connection-0001.audio``: the audio of that connection, of both directions, one piece after the other.
- ``requests.jsonl``: one ``Exchange`` a line, in the order in which the requests came.
- ``answer-0001.bin``, ...: bodies of answers that are no text.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

NAME: Final = "kouyu cassette"
VERSION: Final = 1
HEADER_FILE: Final = "cassette.json"
REQUESTS_FILE: Final = "requests.jsonl"
CONNECTION_FILES: Final = "connection-*.jsonl"
REDACTED: Final = "[redacted]"
"""Stands where the recorded text was a secret. It equals any text of a client."""

LARGEST_PIECE: Final = 256 * 1024 * 1024
"""Bytes of the longest message; those that were not kept are made up when they are played."""
_FILE: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}\Z"
_HEADER_NAME: Final = r"^[A-Za-z0-9!#$%&'*+.^_`|~\-]+\Z"
_HEADER_VALUE: Final = r"^([!-~\x80-\xff]([\t -~\x80-\xff]*[!-~\x80-\xff])?)?\Z"
"""RFC 9110, 5.5."""
AnswerHeaders = dict[Annotated[str, Meta(pattern=_HEADER_NAME)], Annotated[str, Meta(pattern=_HEADER_VALUE)]]
Query = tuple[tuple[str, str], ...]
Sender = Literal["client", "server"]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """``recorded_at`` is ISO 8601 in UTC; ``upstream`` is where it was recorded, without user and password."""

    format: str = NAME
    version: int = VERSION
    recorded_at: str = ""
    upstream: str = ""


class Opening(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A handshake that was accepted.

    ``query`` has the parameters without secrets; None if they are not known: then any fit. ``subprotocol`` is the
    place of the chosen one among those that the client offered.
    """

    path: str
    query: Query | None = ()
    headers: dict[str, str] = {}
    answer_headers: AnswerHeaders = {}
    subprotocol: int | None = None
    compressed: bool = False
    """Whether permessage-deflate was agreed on."""


class Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many bytes in the ``.audio`` file; without ``offset`` they were not kept, and are played as zeros."""

    bytes: Annotated[int, Meta(ge=0, le=LARGEST_PIECE)]
    offset: Annotated[int, Meta(ge=0)] | None = None


class Close(msgspec.Struct, frozen=True, omit_defaults=True):
    """The close frame's code and reason; 1005: without a code, 1006: the connection ended without a close frame."""

    code: int
    reason: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of a connection, or its end; exactly one of ``event``, ``text``, ``binary`` and ``close`` is set.

    ``at`` is in seconds since the handshake was answered. ``event`` is the JSON message, with an empty text in the
    place of its audio, which ``audio`` says where to find. ``text`` is a message that is no JSON object, or one whose
    spelling (white space, escapes) an encoder would not give back.
    """

    at: float
    sender: Sender = msgspec.field(name="from")
    event: dict[str, Any] | None = None
    text: str | None = None
    audio: Piece | None = None
    binary: Piece | None = None
    close: Close | None = None


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A body of a request or an answer; at most one of ``json``, ``text``, ``pieces`` and ``file`` is set.

    ``pieces`` is an event stream: seconds since the answer began, and the text that came then. ``bytes`` is the length
    of a body that is no text.
    """

    json: Any = msgspec.UNSET
    text: str | None = None
    pieces: tuple[tuple[float, str], ...] = ()
    file: Annotated[str, Meta(pattern=_FILE)] | None = None
    bytes: int = 0


class Exchange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One HTTP request and its answer. ``at`` is in seconds since the recording began."""

    at: float
    method: str
    path: str
    query: Query = ()
    headers: dict[str, str] = {}
    body: Body = Body()
    status: Annotated[int, Meta(ge=200, le=999)]
    answer_headers: AnswerHeaders = {}
    answer_body: Body = Body()


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded connection. ``audio`` is the content of its ``.audio`` file; ``name`` is its file's name."""

    name: str
    opening: Opening
    entries: tuple[Entry, ...]
    audio: bytes = b""

    def line_of(self, index: int) -> int:
        """The line of ``entries[index]`` in the file, counted from 1."""
        return index + 2


class Cassette(msgspec.Struct, frozen=True, kw_only=True):
    """A whole cassette; ``answer_files`` has the content of the files that ``Body.file`` names."""

    header: Header
    connections: tuple[Connection, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    answer_files: dict[str, bytes] = {}
