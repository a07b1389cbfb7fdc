"""Recordings for tests, written as they would be in a cassette."""

from typing import Any

from kouyu.cassettes.format import Close, Connection, Entry, Opening, Piece
from kouyu.cassettes.playback import Playback, begin
from kouyu.cassettes.script import script_of


def up(at: float, event_type: str, data: Any = None, **more: Any) -> Entry:
    """A client's event."""
    return Entry(at=at, sender="client", event={"event_type": event_type, "data": data, **more})


def down(at: float, event_type: str, data: Any = None, **more: Any) -> Entry:
    """A server's event."""
    return Entry(at=at, sender="server", event={"event_type": event_type, "data": data, **more})


def audio(at: float, amount: int) -> Entry:
    """So many bytes of the user's audio."""
    event = {"event_type": "input_audio_buffer.append", "data": {"delta": ""}}
    return Entry(at=at, sender="client", event=event, audio=Piece(bytes=amount))


def end(at: float, sender: Any, code: int) -> Entry:
    """The end of the connection."""
    return Entry(at=at, sender=sender, close=Close(code))


def recording(*entries: Entry, name: str = "connection-0001.jsonl", path: str = "/v1/chat") -> Connection:
    """A connection with these entries."""
    return Connection(name=name, opening=Opening(path=path), entries=entries)


def playing(*connections: Connection, fast: bool = False, rest_ids: frozenset[Any] = frozenset()) -> Playback:
    """A playback of the first of these that began at 0."""
    return begin([(script_of(each), {}) for each in connections], 0.0, fast=fast, rest_ids=rest_ids)


def said(playback: Playback, until: float) -> list[tuple[float, str]]:
    """What is sent up to a time, with when it was due."""
    sent = []
    while (due := playback.due_at()) is not None and due <= until:
        entry = playback.script.cues[playback.sent].entry
        playback.take(due)
        sent.append((round(due, 3), "close" if entry.close else str((entry.event or {})["event_type"])))
    return sent
