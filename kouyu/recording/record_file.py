"""Reads session records, and writes whole ones."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from kouyu.recording.entries import EntryDecoder, EntryEncoder, RecordedStep, Step
from kouyu.recording.frames import (
    MAGIC,
    VERSION,
    Audio,
    Ending,
    Header,
    RecordError,
    compressed,
    decompressed,
    frame,
    frames,
)
from kouyu.recording.plain_values import Configurations

STEPS_AT_ONCE: Final = 10_000
"""Steps in one frame of a record that is written whole."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A session record as it was read. ``ending`` is None if it was cut off, as by a crash of the server."""

    header: Header
    steps: Sequence[RecordedStep]
    configurations: Configurations
    audio: Sequence[Audio]
    ending: Ending | None

    @property
    def length_s(self) -> float:
        """The time of the last step in s."""
        return self.steps[-1].now if self.steps else 0.0


class _Versioned(msgspec.Struct, frozen=True):
    """What every version of the header has."""

    version: int
    kouyu: str = "?"


def read_record(path: Path) -> Record:
    """Read a session record. A cut-off end is left out. Raises RecordError, naming the file, and OSError."""
    try:
        with path.open("rb") as file:
            found = frames(file)
            kind, payload = next(found, (b"", b""))
            if kind != b"H":
                raise RecordError("it has no header: it was cut off before anything was recorded")
            header = _header(payload)
            decoder, ending = EntryDecoder(), None
            steps: list[RecordedStep] = []
            audio: list[Audio] = []
            for kind, payload in found:
                match kind:
                    case b"E":
                        steps.extend(decoder.decoded(payload))
                    case b"D":
                        steps.extend(decoder.decoded(decompressed(payload)))
                    case b"A":
                        audio.append(Audio.unpacked(payload))
                    case b"Z":
                        ending = _ending(payload)
                    case _:
                        raise RecordError(f"it holds a frame of the unknown kind {kind!r}: a newer kouyu wrote it")
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from None
    return Record(header=header, steps=steps, configurations=decoder.configurations, audio=audio, ending=ending)


def _header(payload: bytes) -> Header:
    try:
        found = msgspec.msgpack.decode(payload, type=_Versioned)
        if found.version != VERSION:
            raise RecordError(
                f"its format has version {found.version} (kouyu {found.kouyu} wrote it), and this kouyu reads version"
                f" {VERSION}: use that version of kouyu"
            )
        return msgspec.msgpack.decode(payload, type=Header)
    except msgspec.DecodeError as error:
        raise RecordError(f"its header cannot be read: {error}") from error


def _ending(payload: bytes) -> Ending:
    try:
        return msgspec.msgpack.decode(payload, type=Ending)
    except msgspec.DecodeError as error:
        raise RecordError(f"its end cannot be read: {error}") from error


def write_record(path: Path, header: Header, steps: Sequence[Step], audio: Sequence[Audio], ending: Ending) -> None:
    """Write a whole record. What a server appends is not compressed, for that takes as long as encoding it; this is.

    Raises OSError."""
    encoder = EntryEncoder()
    content = bytearray(MAGIC + frame(b"H", msgspec.msgpack.encode(header)))
    for start in range(0, len(steps), STEPS_AT_ONCE):
        content += frame(b"D", compressed(encoder.encoded(steps[start : start + STEPS_AT_ONCE])))
    for piece in audio:
        content += frame(b"A", piece.packed())
    content += frame(b"Z", msgspec.msgpack.encode(ending))
    path.write_bytes(content)
