"""The file of a session record: a magic line, then frames. docs/recording.md describes it.

A frame is its kind (1 byte), the length of its payload and that payload's CRC-32 (both 32 bit, little-endian), and the
payload. Only whole frames are written to the file, so that a file that a crash cut off is readable up to there.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import IO, Annotated, Final, Literal

import msgspec
from msgspec import Meta

from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.limits import Limits

MAGIC: Final = b"kouyu session record\n"
VERSION: Final = 2
SUFFIX: Final = ".kyrec"
_FRAME: Final = struct.Struct("<cII")
_AUDIO: Final = struct.Struct("<QIB")
LARGEST_FRAME: Final = 64 * 1024 * 1024
"""Bytes of a payload. A length beyond it is damage."""
LONGEST_AUDIO: Final = 24 * 3600 * 16_000
"""Samples of the user's audio in one session. A position beyond it is damage."""

Kind = Literal[b"H", b"E", b"D", b"A", b"Z"]
SILENCE: Final = 0
PCM: Final = 1
BYTES: Final = 2


class RecordError(Exception):
    """A file is no session record, or one that this version cannot read. The text says why, and what helps."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first frame: what the core began with. ``epoch`` is the Unix time in s of the session's time 0."""

    version: int = VERSION
    kouyu: str
    """The version of kouyu that wrote it."""
    log_id: str
    bot_id: str
    workflow_id: str = ""
    epoch: Annotated[float, Meta(ge=0, le=1e11)]
    conversation_id: str
    """The id that the core made when it began."""
    capabilities: Capabilities
    limits: Limits
    anonymous: bool = False


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The last frame of a record that was finished: "closed", or why nothing more was recorded."""

    reason: str


class Audio(msgspec.Struct, frozen=True):
    """A piece of the user's audio: 16 bit, mono, 16 kHz, ``count`` samples from the position ``start`` on.

    ``coding`` says what ``data`` is: nothing (silence), the samples (little-endian), or one byte for each of them,
    where all are from -128 to 127.
    """

    start: int
    count: int
    coding: int
    data: bytes = b""

    def packed(self) -> bytes:
        """The payload of its frame."""
        return _AUDIO.pack(self.start, self.count, self.coding) + self.data

    @classmethod
    def unpacked(cls, payload: bytes) -> "Audio":
        """The piece of audio in a frame's payload. Raises RecordError."""
        if len(payload) < _AUDIO.size:
            raise RecordError("a frame of audio is too short")
        start, count, coding = _AUDIO.unpack_from(payload)
        if coding not in (SILENCE, PCM, BYTES):
            raise RecordError(f"audio in the unknown coding {coding}")
        if start + count > LONGEST_AUDIO:
            raise RecordError(f"audio up to the sample {start + count}: the longest session has {LONGEST_AUDIO}")
        return cls(start, count, coding, payload[_AUDIO.size :])


def frame(kind: Kind, payload: bytes) -> bytes:
    """One frame as it is in the file."""
    return _FRAME.pack(kind, len(payload), zlib.crc32(payload)) + payload


def compressed(entries: bytes) -> bytes:
    """The payload of a frame of kind D, of that of a frame of kind E."""
    return zlib.compress(entries, 9)


def decompressed(payload: bytes) -> bytes:
    """The reverse. Raises RecordError."""
    stream = zlib.decompressobj()
    try:
        entries = stream.decompress(payload, LARGEST_FRAME)
    except zlib.error as error:
        raise RecordError(f"a compressed frame is damaged: {error}") from error
    if not stream.eof:
        raise RecordError("a compressed frame is larger than any that kouyu writes, or damaged")
    return entries


def frames(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and payload of each whole frame after the magic line; stop where the file was cut off.

    Raises RecordError for a file that does not begin as a session record.
    """
    if file.read(len(MAGIC)) != MAGIC:
        raise RecordError("it is no session record of kouyu: it does not begin with the line 'kouyu session record'")
    while len(head := file.read(_FRAME.size)) == _FRAME.size:
        kind, length, crc = _FRAME.unpack(head)
        if length > LARGEST_FRAME:
            return
        payload = file.read(length)
        if len(payload) < length or zlib.crc32(payload) != crc:
            return
        yield kind, payload
