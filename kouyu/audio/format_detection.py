"""Detects the format of audio bytes: files by their magic numbers, bare packets and samples by statistics."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.configuration import InputAudio

_MARKS: Final = (
    (0, b"OggS", "Ogg"),
    (0, b"\x1a\x45\xdf\xa3", "WebM"),
    (0, b"\x1f\x43\xb6\x75", "WebM"),  # a cluster: MediaRecorder sends these after the header
    (0, b"fLaC", "FLAC"),
    (4, b"ftyp", "M4A"),
    (0, b"ID3", "MP3"),
    (0, b"#!AMR", "AMR"),
    (0, b"FORM", "AIFF"),
    (0, b"caff", "CAF"),
)
_IN_OGG: Final = ((b"OpusHead", "Opus"), (b"\x01vorbis", "Vorbis"), (b"\x7fFLAC", "FLAC"), (b"Speex   ", "Speex"))
_MPEG_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Hz by MPEG version: 1, 2, 2.5."""
_KBIT_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBIT_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""kbit/s of layer III by index, of MPEG-1 and of the others."""
LONGEST_START: Final = 4096
"""Bytes enough for detection: two of the longest MP3 frames."""

_MOST_SAMPLES: Final = 65_536
"""Samples looked at: more say no more, and a piece may be as long as a message."""
_FEWEST_SAMPLES: Final = 32
_QUIET_RMS: Final = 6_000
"""Of 16 bit samples. Random bytes have 18,900."""
_SMOOTH: Final = 0.7
"""Correlation of neighbouring samples. That of 32 random values is within 0.5."""
_LONGEST_PACKET: Final = 1_500
_WINDOW_PIECES: Final = 8
_WINDOW_BYTES: Final = 400
_MOST_WINDOWS: Final = 20
_MOST_KINDS: Final = 2
"""An encoder sometimes changes the configuration of its packets."""
_FEWEST_BEGINNINGS: Final = 6
_FEWEST_BYTE_VALUES: Final = 100
"""Of 400 random bytes. A-law's and µ-law's silence has a few."""
_NOISY_RMS: Final = 12_000
_ROUGH: Final = 0.25
_MOST_PIECES: Final = 50


def file_kind(start: bytes) -> str:
    """Return the format of an audio file or stream that begins with ``start``, such as "WebM" or "Ogg with Opus".

    WAV needs 12 bytes, MP3 and AAC without tags two whole frames, since PCM may hold their short sync words by chance.
    """
    if start[:4] in (b"RIFF", b"RF64") and start[8:12] == b"WAVE":
        return "WAV"
    for place, mark, kind in _MARKS:
        if start[place : place + len(mark)] == mark:
            return _kind_in_ogg(start) if kind == "Ogg" else kind
    if _two_frames(start, _mp3_frame_bytes):
        return "MP3"
    return "AAC" if _two_frames(start, _aac_frame_bytes) else ""


def _kind_in_ogg(start: bytes) -> str:
    head = start[:200]
    for mark, codec in (
        (b"OpusHead", "Opus"),
        (b"\x01vorbis", "Vorbis"),
        (b"\x7fFLAC", "FLAC"),
        (b"Speex   ", "Speex"),
    ):
        if mark in head:
            return f"Ogg with {codec}"
    return "Ogg"


def _two_frames(start: bytes, frame_bytes: Callable[[bytes], int]) -> bool:
    """Whether a second frame header follows the first frame."""
    first = frame_bytes(start[:7])
    return first > 0 and frame_bytes(start[first : first + 7]) > 0


def _mp3_frame_bytes(header: bytes) -> int:
    """Length of the layer III frame with this header; 0 if it is not one."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, bits, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version not in _MPEG_RATES or not 0 < bits < 15 or rate == 3:
        return 0
    table, factor = (_KBIT_1, 144) if version == 3 else (_KBIT_2, 72)
    return factor * table[bits] * 1000 // _MPEG_RATES[version][rate] + (header[2] >> 1 & 1)


def _aac_frame_bytes(header: bytes) -> int:
    """The same for an ADTS frame."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 15 > 12:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > 7 else 0


def looks_like_pcm(piece: bytes) -> bool:
    """Whether a piece looks like 16 bit samples of a quiet or smooth sound. Encoded audio looks like noise at full
    scale, except for padding."""
    values = np.frombuffer(piece[: min(len(piece) // 2, _MOST_SAMPLES) * 2], "<i2").astype(np.float32)
    if len(values) < _FEWEST_SAMPLES:
        return False
    return _rms(values) < _QUIET_RMS or _correlation(values) > _SMOOTH


class FormatWatch:
    """Checks the pieces of one buffer until it is clear whether they are in the announced format."""

    def __init__(self, announced: InputAudio) -> None:
        self._in_packets = announced.codec == "opus" and announced.format != "ogg"
        self._in_ogg = announced.format == "ogg"
        self._start = bytearray()
        self._packets = _JoinedPackets() if self._in_packets else None
        self._noise = None if self._in_packets or self._in_ogg else _BarePackets()

    def other_than_announced(self, piece: bytes) -> str:
        """Return the detected format, such as "WebM", or "" as long as it may be the announced one."""
        if len(self._start) < LONGEST_START:
            self._start += piece[:LONGEST_START]
            kind = file_kind(bytes(self._start))
            if kind and not self._allowed(kind):
                return kind
        if self._packets is not None and self._packets.seen_in(piece):
            return "several Opus packets in one append"
        if self._noise is not None and self._noise.seen_in(piece):
            return "Opus packets"
        return ""

    @property
    def settled(self) -> bool:
        """Whether it is clear that the pieces are in the announced format."""
        detects_packets = any(kind is not None and kind.watches for kind in (self._packets, self._noise))
        return len(self._start) >= LONGEST_START and not detects_packets

    def _allowed(self, kind: str) -> bool:
        if self._in_ogg:
            return kind.startswith("Ogg")  # for other codecs in Ogg the decoder reports the error
        return kind == "WAV" and not self._in_packets


class _BarePackets:
    """Detects raw Opus packets sent as PCM: each piece begins with the same byte, its configuration, and the rest is
    noise at full scale."""

    def __init__(self) -> None:
        self._windows_left = _MOST_WINDOWS
        self._pieces: list[bytes] = []
        self._bytes = 0

    @property
    def watches(self) -> bool:
        """Whether more pieces would be looked at."""
        return self._windows_left > 0

    def seen_in(self, piece: bytes) -> bool:
        if self._windows_left == 0 or not piece:
            return False
        self._pieces.append(piece[:_LONGEST_PACKET])
        self._bytes += min(len(piece), _LONGEST_PACKET)
        if len({each[0] for each in self._pieces}) > _MOST_KINDS or len(piece) > _LONGEST_PACKET:
            self._windows_left = 0
            self._pieces.clear()
            return False
        if len(self._pieces) < _WINDOW_PIECES or self._bytes < _WINDOW_BYTES:
            return False
        # PCM pieces that begin alike are silence, or a tone whose period divides their length.
        differ = len({each[1:3] for each in self._pieces}) >= _FEWEST_BEGINNINGS
        joined = b"".join(each[: len(each) // 2 * 2] for each in self._pieces)
        self._pieces.clear()
        self._bytes = 0
        self._windows_left -= 1
        values = np.frombuffer(joined, "<i2").astype(np.float32)
        of_all_values = len(set(joined)) >= _FEWEST_BYTE_VALUES
        is_noise = _rms(values) > _NOISY_RMS and abs(_correlation(values)) < _ROUGH
        return differ and of_all_values and is_noise


class _JoinedPackets:
    """Detects several Opus packets in each piece: their first byte, the configuration, repeats more often than in
    noise."""

    def __init__(self) -> None:
        self._pieces_left = _MOST_PIECES
        self._beginnings: set[bytes] = set()
        self._seen = 0
        self._expected = 0.0

    @property
    def watches(self) -> bool:
        """Whether more pieces would be looked at."""
        return self._pieces_left > 0

    def seen_in(self, piece: bytes) -> bool:
        if self._pieces_left == 0 or len(piece) < 2 or piece[0] in (0x00, 0xFF):  # padding bytes
            return False
        beginning = piece[1:3]
        if beginning in self._beginnings:
            return False  # silence is encoded to equal packets
        self._beginnings.add(beginning)
        self._pieces_left -= 1
        self._seen += piece.count(piece[:1], 1)
        self._expected += (len(piece) - 1) / 256
        return self._seen - self._expected > 6 + 4 * math.sqrt(self._expected)


def _rms(values: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(values * values)))


def _correlation(values: NDArray[np.float32]) -> float:
    """Correlation of each value with the next; 1 for a constant."""
    swing = values - values.mean()
    power = float(swing @ swing)
    return float(swing[1:] @ swing[:-1]) / power if power > 0 else 1.0
