"""Imports sessions that others recorded: text files with the messages of one WebSocket.

Two forms are read: lines ``send`` or ``receive``, each followed by a line with the event (coze-go's test data), and
JSON lines with ``direction`` (``send``, ``receive``) and ``event``. Neither says when the client sent something. An
event of the server has its time in ``detail.respond_at``, and the time of the connection is in its log id; each event
of the client counts as sent at the time of the event before it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from kouyu.cassettes.events import CREATED, event_type_of
from kouyu.cassettes.format import Opening, Sender
from kouyu.cassettes.writing import CassetteWriter

_SENDERS: Final[dict[str, Sender]] = {"send": "client", "receive": "server"}
_PATHS: Final = {
    "chat": "/v1/chat",
    "speech": "/v1/audio/speech",
    "transcriptions": "/v1/audio/transcriptions",
    "simult_interpretation": "/v1/audio/simult_interpretation",
}
"""The endpoint of a connection, by what stands before ``.created`` in its first event."""


class NotASession(Exception):
    """A file holds no session in a form that is read. The text names the file and the line."""


class _Message(msgspec.Struct, frozen=True):
    sender: Sender
    text: str
    event: dict[str, Any]


def import_session(file: Path, writer: CassetteWriter) -> None:
    """Add the session of ``file`` as one connection. Raises NotASession, and OSError."""
    messages = list(_messages(file))
    created = [event_type_of(each.event) for each in messages if event_type_of(each.event) in CREATED]
    if not created:
        raise NotASession(f"{file}: none of {', '.join(sorted(CREATED))} says which endpoint this is")
    connection = writer.connection(Opening(path=_PATHS[created[0].removesuffix(".created")], query=None))
    began_at = _began_at(messages)
    at = 0.0
    for message in messages:
        if message.sender == "server":
            at = max(at, _responded_at(message.event, began_at) or at)
        connection.message(at, message.sender, message.text)
    connection.close()


def _messages(file: Path) -> Iterator[_Message]:
    sender: Sender | None = None
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        if line.strip() in _SENDERS:
            sender = _SENDERS[line.strip()]
            continue
        try:
            row = json.loads(line)
        except ValueError as fault:
            raise NotASession(f"{file}, line {number}: neither send, receive nor JSON: {fault}") from None
        if sender is not None and isinstance(row, dict):
            yield _Message(sender, line, row)
        elif isinstance(row, dict) and row.get("direction") in _SENDERS and isinstance(row.get("event"), dict):
            event = row["event"]
            text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
            yield _Message(_SENDERS[row["direction"]], text, event)
        else:
            raise NotASession(f"{file}, line {number}: no direction, and no line send or receive before it")


def _began_at(messages: list[_Message]) -> int:
    """Unix time in ms at which the connection was opened: that of the log id (``02`` and 13 digits), or of the first
    event; 0 if no event has a time."""
    for message in messages:
        log_id = str((message.event.get("detail") or {}).get("logid", ""))
        if message.sender == "server" and log_id[2:15].isdecimal():
            return int(log_id[2:15])
    return next((int(at) for each in messages if (at := _respond_at(each.event))), 0)


def _responded_at(event: dict[str, Any], began_at: int) -> float | None:
    at = _respond_at(event)
    return None if at is None else max(0.0, (int(at) - began_at) / 1000)


def _respond_at(event: dict[str, Any]) -> str | None:
    at = str((event.get("detail") or {}).get("respond_at", ""))
    return at if at.isdecimal() else None
