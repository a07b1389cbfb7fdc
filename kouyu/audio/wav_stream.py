"""Parses streamed WAV: a RIFF header cut anywhere, of unknown length, several in a row, or none.

A client that reconnects continues in the middle of its stream, without a header (websocket.md 1.6): then the bytes are
samples in the last known format.
"""

import struct
from collections.abc import Iterator
from enum import Enum, auto

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import Encoding, PcmFormat, PcmReader
from kouyu.audio.stream import Block

_MARKS = (b"RIFF", b"RF64")
_HEADER_BYTES = 12
_STREAMED = 0x7FFF_0000
"""A data size from here on, or 0, was written before the length was known: the data has no end."""
_LONGEST_CHUNK = 16 * 1024 * 1024
"""Largest chunk other than the data that is skipped, in bytes; a larger size is a damaged header."""
_LONGEST_FMT = 1_024
_CHUNKS_BEHIND_DATA = frozenset(
    {b"LIST", b"fact", b"cue ", b"smpl", b"inst", b"plst", b"PEAK", b"bext", b"iXML", b"_PMX", b"cart", b"acid"}
    | {b"id3 ", b"ID3 ", b"JUNK", b"junk", b"PAD ", b"FLLR", b"DISP", b"afsp", b"labl", b"note"}
)
_ENCODINGS: dict[tuple[int, int], Encoding] = {
    (1, 1): "unsigned8",
    (1, 2): "signed16",
    (1, 3): "signed24",
    (1, 4): "signed32",
    (3, 4): "float32",
    (3, 8): "float64",
    (6, 1): "alaw",
    (7, 1): "mulaw",
}
"""Encodings by format tag and bytes per sample."""
_EXTENSIBLE = 0xFFFE


class _Place(Enum):
    """The parser's state: the part of the stream that the next byte belongs to."""

    BEGINNING = auto()
    HEADER = auto()
    DATA = auto()
    BEHIND_DATA = auto()
    UNREADABLE = auto()
    """In a refused file: its bytes are skipped until the next header or the end of the buffer."""


def parse_fmt(chunk: bytes) -> PcmFormat:
    """Parse a ``fmt `` chunk. Raises UndecodableAudio unless it is 8 to 64 bit PCM or G.711."""
    if len(chunk) < 16:
        raise UndecodableAudio("the WAV header's fmt chunk is cut off")
    tag, channels, sample_rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    encoding = _ENCODINGS.get((tag, (bits + 7) // 8))
    if encoding is None:
        raise UndecodableAudio(
            f"WAV with format tag {tag} and {bits} bits is not supported; allowed: PCM 8, 16, 24, 32 bit, "
            "float 32, 64 bit, A-law, µ-law"
        )
    if not 1 <= channels <= 8 or not 4_000 <= sample_rate <= 192_000:
        raise UndecodableAudio(
            f"WAV with {channels} channels at {sample_rate} Hz is not supported; allowed: 1 to 8 channels, "
            "4000 to 192000 Hz"
        )
    return PcmFormat(encoding, sample_rate, channels)


def may_be_wav(start: bytes | bytearray) -> bool:
    """Whether the bytes begin with the RIFF header of a WAV file, as far as they go."""
    return any(mark.startswith(start[:4]) for mark in _MARKS) and b"WAVE".startswith(start[8:_HEADER_BYTES])


class WavSource:
    """An AudioSource for format ``wav``. ``fallback`` is the format of a stream that has no header."""

    def __init__(self, fallback: PcmFormat) -> None:
        self._reader = PcmReader(fallback)
        self._place = _Place.BEGINNING
        self._buffer = bytearray()
        self._to_skip = 0
        self._data_left: int | None = None
        """Bytes of the data chunk still to come; None: no end is known."""
        self._padded = False
        self._format_seen = False

    def decode(self, data: bytes) -> Iterator[Block]:
        """The samples that ``data`` completes."""
        if not data:
            return
        if self.continued_s(data) > 0.0:
            yield Block(self._reader.read(data), self._reader.format.sample_rate)
            return
        # Only the start of a piece is checked for a new header: inside the audio those bytes occur by chance.
        header_possible = not self._buffer or self._place in (_Place.BEGINNING, _Place.DATA, _Place.UNREADABLE)
        self._buffer += data
        if header_possible and may_be_wav(self._buffer):
            if len(self._buffer) < _HEADER_BYTES:
                return
            self._open_file()
        yield from self._advance()

    def continued_s(self, data: bytes) -> float:
        """Seconds of audio in ``data``, if it continues samples without a known end and no header begins with it."""
        within = self._place is _Place.DATA and self._data_left is None and not self._buffer
        if not within or len(data) < len(_MARKS[0]) or data.startswith(_MARKS):
            return 0.0
        return len(data) / self._reader.bytes_per_second

    def end(self) -> Iterator[Block]:
        """Return the bytes held back as a possible header, if they are audio."""
        if self._place is _Place.BEGINNING:
            self._data_without_end()
        if self._place is _Place.DATA:
            yield from self._advance()
        self._buffer.clear()
        self._reader.drop_partial()
        self._to_skip = 0
        self._place = _Place.BEGINNING

    def _advance(self) -> Iterator[Block]:
        """Parse the buffer as far as possible."""
        while self._buffer:
            before = (self._place, len(self._buffer))
            match self._place:
                case _Place.BEGINNING:
                    self._data_without_end()
                case _Place.HEADER:
                    self._read_chunk()
                case _Place.DATA:
                    yield self._read_data()
                case _Place.BEHIND_DATA:
                    self._look_behind_data()
                case _Place.UNREADABLE:
                    self._buffer.clear()
            if before == (self._place, len(self._buffer)):
                return

    def _open_file(self) -> None:
        del self._buffer[:_HEADER_BYTES]
        self._reader.drop_partial()
        self._to_skip = 0
        self._format_seen = False
        self._place = _Place.HEADER

    def _data_without_end(self) -> None:
        self._place = _Place.DATA
        self._data_left = None

    def _skip(self) -> bool:
        """Skip bytes of an irrelevant chunk; True while more of it is expected."""
        skipped = min(self._to_skip, len(self._buffer))
        del self._buffer[:skipped]
        self._to_skip -= skipped
        return self._to_skip > 0

    def _read_chunk(self) -> None:
        """Parse the next chunk of a header, if enough of it has arrived."""
        if self._skip() or len(self._buffer) < 8:
            return
        name, size = bytes(self._buffer[:4]), int.from_bytes(self._buffer[4:8], "little")
        if name == b"data":
            del self._buffer[:8]
            self._begin_data(size)
        elif size > (_LONGEST_FMT if name == b"fmt " else _LONGEST_CHUNK):
            self._refuse(f"the WAV header has a chunk of {size} bytes")
        elif name == b"fmt ":
            self._read_fmt(size)
        else:
            del self._buffer[:8]
            self._to_skip = size + size % 2

    def _read_fmt(self, size: int) -> None:
        if len(self._buffer) < 8 + size:
            return
        chunk = bytes(self._buffer[8 : 8 + size])
        del self._buffer[: 8 + size]
        self._to_skip = size % 2
        try:
            self._reader = PcmReader(parse_fmt(chunk))
        except UndecodableAudio as refusal:
            self._refuse(str(refusal))
        self._format_seen = True

    def _begin_data(self, size: int) -> None:
        if not self._format_seen:
            self._refuse("the WAV header has no fmt chunk before its data")
        self._place = _Place.DATA
        self._data_left = None if size == 0 or size >= _STREAMED else size
        self._padded = size % 2 == 1

    def _refuse(self, reason: str) -> None:
        self._buffer.clear()
        self._to_skip = 0
        self._place = _Place.UNREADABLE
        raise UndecodableAudio(reason)

    def _read_data(self) -> Block:
        size = len(self._buffer) if self._data_left is None else min(self._data_left, len(self._buffer))
        samples = self._reader.read(bytes(self._buffer[:size]))
        del self._buffer[:size]
        if self._data_left is not None:
            self._data_left -= size
            if self._data_left == 0:
                # An incomplete sample is kept: a size that ends inside one is wrong, and the audio continues.
                self._place = _Place.BEHIND_DATA
        return Block(samples, self._reader.format.sample_rate)

    def _look_behind_data(self) -> None:
        """Handle what follows the data: another file, a chunk to skip, or audio beyond the size in the header."""
        if self._skip() or len(self._buffer) < 9:
            return
        if self._padded and self._buffer[0] == 0 and bytes(self._buffer[1:5]) in _CHUNKS_BEHIND_DATA.union(_MARKS):
            del self._buffer[0]
        self._padded = False
        if may_be_wav(self._buffer):
            if len(self._buffer) >= _HEADER_BYTES:
                self._open_file()
        elif bytes(self._buffer[:4]) in _CHUNKS_BEHIND_DATA and len(self._buffer) >= 8:
            size = int.from_bytes(self._buffer[4:8], "little")
            del self._buffer[:8]
            self._to_skip = size + size % 2
            self._reader.drop_partial()
        else:
            self._data_without_end()
