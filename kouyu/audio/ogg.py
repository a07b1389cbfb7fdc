"""Parses Ogg pages from a byte stream (RFC 3533): resynchronises after damage, checks CRCs, splits into packets."""

import struct
import zlib
from collections.abc import Iterator

import msgspec

PAGE_MARK = b"OggS"
_FIXED_BYTES = 27
_LONGEST_PACKET = 1 << 20
"""Bytes; an unfinished packet that grows beyond is dropped."""
_MOST_UNFINISHED = 8
"""Most interleaved streams with a packet that continues on a later page; beyond it the oldest is dropped."""
_MIRRORED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


class Page(msgspec.Struct, frozen=True):
    """One page: the packets that end on it, and their stream and position.

    ``granule_position`` is the codec's count at the end of the last packet, -1 where no packet ends.
    """

    serial: int
    granule_position: int
    first: bool
    last: bool
    packets: tuple[bytes, ...]


def checksum(page: bytes) -> int:
    """The CRC of a page whose checksum field is zero: polynomial 0x04C11DB7, unreflected, starting from 0.

    zlib's CRC has the same polynomial, reflected: it gives ours when the bits of each byte and of the sum are mirrored.
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")


class OggReader:
    """Finds the pages. ``lost`` is True after bytes that are not a page, until the next valid page."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._unfinished: dict[int, bytes] = {}
        self.lost = False

    def read(self, data: bytes) -> Iterator[Page]:
        """The pages that ``data`` completes."""
        self._buffer += data
        while self._find_mark() and (size := self._page_size()) is not None:
            page = bytes(self._buffer[:size])
            if self._is_whole(page):
                del self._buffer[:size]
                self.lost = False
                yield self._parse(page)
            else:
                # After this false or damaged mark a valid page may already be in the buffer.
                del self._buffer[: len(PAGE_MARK)]
                self.lost = True

    def restart(self) -> None:
        """Discard unfinished packets; the next bytes may be a new stream, or continue in the middle of a page."""
        self.lost = self.lost or bool(self._buffer)
        self._buffer.clear()
        self._unfinished.clear()

    def _find_mark(self) -> bool:
        """Move the buffer's start to the next page; False if there is none yet."""
        at = self._buffer.find(PAGE_MARK)
        if at < 0:
            # The end of the buffer may be the beginning of a mark.
            at = next(
                (len(self._buffer) - n for n in (3, 2, 1) if self._buffer.endswith(PAGE_MARK[:n])), len(self._buffer)
            )
        if at > 0:
            del self._buffer[:at]
            self.lost = True
        return self._buffer.startswith(PAGE_MARK)

    def _page_size(self) -> int | None:
        """Size in bytes of the page at the buffer's start; None until its header is complete."""
        if len(self._buffer) < _FIXED_BYTES or len(self._buffer) < _FIXED_BYTES + self._buffer[26]:
            return None
        body = _FIXED_BYTES + self._buffer[26]
        size = body + sum(self._buffer[_FIXED_BYTES:body])
        return size if len(self._buffer) >= size else None

    @staticmethod
    def _is_whole(page: bytes) -> bool:
        return page[4] == 0 and checksum(page[:22] + bytes(4) + page[26:]) == int.from_bytes(page[22:26], "little")

    def _parse(self, page: bytes) -> Page:
        flags, granule_position, serial = struct.unpack_from("<BqI", page, 5)
        continued, first, last = bool(flags & 1), bool(flags & 2), bool(flags & 4)
        lacing = page[_FIXED_BYTES : _FIXED_BYTES + page[26]]
        unfinished = self._unfinished.pop(serial, b"")
        packet = unfinished if continued else b""
        # The rest of a packet whose beginning was lost is useless.
        headless = continued and not unfinished
        packets: list[bytes] = []
        at = _FIXED_BYTES + len(lacing)
        for length in lacing:
            packet += page[at : at + length]
            at += length
            if length < 255:
                if not headless:
                    packets.append(packet)
                packet, headless = b"", False
        if lacing and lacing[-1] == 255 and not headless and len(packet) <= _LONGEST_PACKET:
            self._unfinished[serial] = packet
            if len(self._unfinished) > _MOST_UNFINISHED:
                del self._unfinished[next(iter(self._unfinished))]
        return Page(serial, granule_position, first, last, tuple(packets))
