"""What kind of audio some bytes begin with, told by its marks. Pure, and never guesses: "" where there is no mark."""

from collections.abc import Callable
from typing import Final

_MARKS: Final = (
    (0, b"OggS", "Ogg"),
    (0, b"\x1a\x45\xdf\xa3", "WebM"),
    (0, b"\x1f\x43\xb6\x75", "WebM"),  # a cluster: what a recorder sends after the head
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
"""Bytes that are enough to tell: two of the longest MP3 frames fit."""


def file_kind(start: bytes) -> str:
    """Such as "WebM" or "Ogg with Opus", of an audio file, or a stream like one, that begins with ``start``.

    A WAV needs 12 bytes, MP3 and AAC without tags two whole frames, because PCM may hold their short marks by chance.
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
    """Whether two frames' headers stand where the first one's length puts the second."""
    first = frame_bytes(start[:7])
    return first > 0 and frame_bytes(start[first : first + 7]) > 0


def _mp3_frame_bytes(header: bytes) -> int:
    """Length of the layer III frame with this header; 0 for what is none."""
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
