"""A recorded connection as a script: what the client is expected to send, and what is sent to it, and when."""

import json
from typing import Any, Final

import msgspec

from kouyu.cassettes.comparison import Scalar, ids_in
from kouyu.cassettes.events import APPEND, COMPLETE, CREATED, event_type_of, reports_on_audio
from kouyu.cassettes.format import Connection, Entry

TOLERANCE: Final = 0.2
"""The share by which the amount of audio may differ from the recorded one."""


def least(amount: int) -> int:
    """The least amount of audio that counts as ``amount``."""
    return int(amount * (1 - TOLERANCE))


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """One message of the client that is no audio, and the audio before it (bytes).

    ``audio`` is what the recorded client sent since its message before; ``heard`` so much of it that the last event
    that reports on it came. ``value`` is the message: a JSON value, or bytes.
    """

    index: int
    at: float
    value: Any
    audio: int
    heard: int

    @property
    def least_audio(self) -> int:
        """The least amount of audio before this message: nearly all of it in push to talk, else what was heard."""
        return least(self.audio if self.ends_audio else self.heard)

    @property
    def most_audio(self) -> int | None:
        """The largest amount of audio before this message. None, for an open microphone: any."""
        return int(self.audio * (1 + TOLERANCE)) if self.ends_audio else None

    @property
    def ends_audio(self) -> bool:
        """Whether this message ends the audio before it: so it does in push to talk."""
        return isinstance(self.value, dict) and event_type_of(self.value) == COMPLETE


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """One message to the client, or the server's close.

    It is sent after ``messages`` messages of the client, ``delay_s`` after what it follows: the last of those messages,
    if it is the first cue after it; else the audio, if ``audio`` is a number of bytes since that message; else the cue
    before it.
    """

    index: int
    entry: Entry
    messages: int
    delay_s: float
    audio: int | None
    first: bool


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """``heard`` is the audio (bytes) after the last message of the client that events reported on."""

    connection: Connection
    expected: tuple[Expected, ...]
    cues: tuple[Cue, ...]
    heard: int
    has_audio: bool
    server_ids: dict[Scalar, int]
    """Each id that the server sent, and the entry in which it did first."""

    @property
    def last_index(self) -> int:
        """The entry with which the recording ends."""
        return len(self.connection.entries) - 1


def script_of(connection: Connection) -> Script:
    """Derive the script of a recorded connection."""
    reader = _Reader()
    for index, entry in enumerate(connection.entries):
        reader.read(index, entry)
    created = [
        msgspec.structs.replace(cue, messages=0, audio=None, delay_s=cue.entry.at, first=True)
        for cue in reader.cues
        if event_type_of(cue.entry.event) in CREATED
    ]
    others = [cue for cue in reader.cues if event_type_of(cue.entry.event) not in CREATED]
    return Script(
        connection=connection,
        expected=tuple(reader.expected),
        cues=(*created, *others),
        heard=reader.heard,
        has_audio=reader.has_audio,
        server_ids=reader.server_ids,
    )


def value_of(entry: Entry) -> Any:
    """What is compared of a client's message: its JSON value, else its text; of a binary one its length."""
    if entry.binary is not None:
        return {"binary message of bytes": entry.binary.bytes}
    return entry.event if entry.event is not None else json_or_text(entry.text or "")


def json_or_text(text: str) -> Any:
    """The JSON value that the text is; the text itself if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def appended_bytes(entry: Entry) -> int | None:
    """The amount of audio that a client's message appends; None if it is no audio."""
    if entry.sender != "client" or event_type_of(entry.event) != APPEND or entry.audio is None:
        return None
    return entry.audio.bytes


class _Reader:
    """What has been read of the recording so far."""

    def __init__(self) -> None:
        self.expected: list[Expected] = []
        self.cues: list[Cue] = []
        self.heard = 0
        self.has_audio = False
        self.server_ids: dict[Scalar, int] = {}
        self._audio = 0
        self._message_at = 0.0
        self._append_at = 0.0
        self._cue_at: float | None = None

    def read(self, index: int, entry: Entry) -> None:
        if entry.sender == "server":
            self._cue(index, entry)
        elif (amount := appended_bytes(entry)) is not None:
            self._audio += amount
            self._append_at = entry.at
            self.has_audio = True
        elif entry.close is None:
            self.expected.append(
                Expected(index=index, at=entry.at, value=value_of(entry), audio=self._audio, heard=self.heard)
            )
            self._audio = self.heard = 0
            self._message_at, self._cue_at = entry.at, None

    def _cue(self, index: int, entry: Entry) -> None:
        for each in ids_in(entry.event):
            self.server_ids.setdefault(each, index)
        first = self._cue_at is None
        audio = self._audio if self._audio and reports_on_audio(entry.event) else None
        if audio is not None:
            self.heard = audio
            since = self._append_at
        else:
            since = self._message_at if self._cue_at is None else self._cue_at
        delay = max(0.0, entry.at - since)
        self.cues.append(
            Cue(index=index, entry=entry, messages=len(self.expected), delay_s=delay, audio=audio, first=first)
        )
        if event_type_of(entry.event) not in CREATED:
            self._cue_at = entry.at
