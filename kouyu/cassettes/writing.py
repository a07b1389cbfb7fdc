"""Writes a cassette while it is recorded: each line is in its file as soon as it is known.

Lines are short and go to the page cache, which takes microseconds; nothing waits for the disk.
"""

import json
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from kouyu.cassettes.events import compact, event_type_of, without_audio
from kouyu.cassettes.format import (
    HEADER_FILE,
    REQUESTS_FILE,
    Body,
    Close,
    Exchange,
    Header,
    Opening,
    Piece,
    Sender,
)
from kouyu.cassettes.secrets import Secrets


class NotEmpty(Exception):
    """The folder holds a cassette already. The text says what to do."""


class CassetteWriter:
    """Writes one cassette. All text passes ``secrets`` first."""

    def __init__(self, folder: Path, header: Header, secrets: Secrets, *, keep_voice: bool = True) -> None:
        """Make the folder, or use one in which nothing was recorded.

        ``keep_voice``: whether the client's audio is kept, or its amount alone.

        Raises NotEmpty, and OSError.
        """
        if (folder / HEADER_FILE).exists() and len(list(folder.iterdir())) > 1:
            raise NotEmpty(f"{folder} is a cassette already: give another folder, or delete this one")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / HEADER_FILE).write_text(msgspec.json.format(msgspec.json.encode(header)).decode() + "\n")
        self.folder = folder
        self._secrets = secrets
        self._keep_voice = keep_voice
        self.connections = 0
        self.requests = 0
        self._answers = 0
        self._exchanges: BinaryIO | None = None

    def connection(self, opening: Opening) -> "ConnectionWriter":
        """Begin the file of one more connection."""
        self.connections += 1
        file = self.folder / f"connection-{self.connections:04}.jsonl"
        return ConnectionWriter(file, opening, self._secrets, keep_voice=self._keep_voice)

    def exchange(self, exchange: Exchange) -> None:
        """Add one request with its answer."""
        self.requests += 1
        if self._exchanges is None:
            self._exchanges = (self.folder / REQUESTS_FILE).open("wb", buffering=0)
        self._exchanges.write(_line(self._secrets.scrub(_plain(exchange))))

    def answer_file(self, content: bytes) -> Body:
        """Write a body of an answer into a file of its own."""
        self._answers += 1
        name = f"answer-{self._answers:04}.bin"
        (self.folder / name).write_bytes(content)
        return Body(file=name, bytes=len(content))

    def close(self) -> None:
        """Close the file of requests."""
        if self._exchanges is not None:
            self._exchanges.close()


class ConnectionWriter:
    """Writes the files of one connection."""

    def __init__(self, file: Path, opening: Opening, secrets: Secrets, *, keep_voice: bool) -> None:
        self.file = file
        self._secrets = secrets
        self._keep_voice = keep_voice
        self._lines: BinaryIO = file.open("wb", buffering=0)
        self._audio: BinaryIO | None = None
        self._offset = 0
        self._lines.write(_line(secrets.scrub(_plain(opening))))

    def message(self, at: float, sender: Sender, message: str | bytes) -> None:
        """Add a WebSocket message; ``at`` in seconds since the handshake was answered."""
        entry = _event_entry(message, exact=sender == "server")
        if entry is None and (inexact := _event_entry(message, exact=False)) and self._holds_secret(inexact[0]):
            entry = inexact
        if entry is None and isinstance(message, bytes):
            self._write(at, sender, {"binary": _plain(self._piece(sender, message))})
        elif entry is None:
            self._write(at, sender, {"text": message})
        else:
            event, audio = entry
            piece = {} if audio is None else {"audio": _plain(self._piece(sender, audio))}
            self._write(at, sender, {"event": event, **piece})

    def end(self, at: float, sender: Sender, close: Close) -> None:
        """Add the end of the connection, by the side that ended it."""
        self._write(at, sender, {"close": _plain(close)})

    def close(self) -> None:
        """Close the files."""
        self._lines.close()
        if self._audio is not None:
            self._audio.close()

    def _holds_secret(self, event: dict[str, Any]) -> bool:
        return bool(self._secrets.scrub(event) != event)

    def _write(self, at: float, sender: Sender, rest: dict[str, Any]) -> None:
        self._lines.write(_line({"at": round(at, 4), "from": sender, **self._secrets.scrub(rest)}))

    def _piece(self, sender: Sender, content: bytes) -> Piece:
        if sender == "client" and not self._keep_voice:
            return Piece(bytes=len(content))
        if self._audio is None:
            self._audio = self.file.with_suffix(".audio").open("wb", buffering=0)
        self._audio.write(content)
        self._offset += len(content)
        return Piece(bytes=len(content), offset=self._offset - len(content))


def _event_entry(message: str | bytes, *, exact: bool) -> tuple[dict[str, Any], bytes | None] | None:
    """The message as an event and its audio; None if it is none, or (``exact``) would be spelt in another way."""
    try:
        event = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or (isinstance(message, bytes) and not event_type_of(event)):
        return None
    if exact and (isinstance(message, bytes) or compact(event) != message):
        return None
    return without_audio(event)


def _plain(value: msgspec.Struct) -> Any:
    return msgspec.to_builtins(value)


def _line(value: Any) -> bytes:
    try:
        return compact(value).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate, which JSON can escape
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"
