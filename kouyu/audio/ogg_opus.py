"""Opus in an Ogg container, streamed (RFC 7845)."""

import struct
from collections.abc import Iterator

import msgspec
import numpy as np

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.ogg import OggReader, Page
from kouyu.audio.opus import DECODING_RATE, OpusPacketDecoder, packet_samples
from kouyu.audio.pcm import Samples, joined
from kouyu.audio.stream import Block

_HEAD = struct.Struct("<8sBBHIhB")


class OpusHead(msgspec.Struct, frozen=True):
    """A stream's header: samples at DECODING_RATE to drop from its start (pre-skip), and a gain (factor)."""

    pre_skip: int = 0
    gain: float = 1.0


def parse_head(packet: bytes) -> OpusHead:
    """Read an ``OpusHead`` packet. Raises UndecodableAudio if it is another codec's, or has over 2 channels."""
    if len(packet) < _HEAD.size or not packet.startswith(b"OpusHead"):
        raise UndecodableAudio("the Ogg stream does not hold Opus")
    _, _, channels, pre_skip, _, gain, _ = _HEAD.unpack_from(packet)
    if not 1 <= channels <= 2:
        raise UndecodableAudio(f"Opus with {channels} channels is not supported; allowed: 1, 2")
    return OpusHead(pre_skip, 10 ** (gain / 256 / 20))


class OggOpusSource:
    """An AudioSource for format ``ogg``: an Opus stream, or several, one after another.

    A connection that begins in the middle of a stream, without its headers, is decoded from the next page on.
    """

    def __init__(self) -> None:
        self._reader = OggReader()
        self._decoder = OpusPacketDecoder()
        self._head = OpusHead()
        self._serial: int | None = None
        """The stream being decoded; None: the next one that appears."""
        self._refused: int | None = None
        """A stream that is not Opus."""
        self._decoded = 0
        """Samples since the stream's start, as its granule positions count them."""

    def decode(self, data: bytes) -> Iterator[Block]:
        """Decode the pages that ``data`` completes; one error for each damaged stretch, however long."""
        was_lost = self._reader.lost
        faults: list[str] = []
        for page in self._reader.read(data):
            for samples in self._decode_page(page, faults):
                yield Block(samples, DECODING_RATE)
        if self._reader.lost and not was_lost:
            faults.append("not an Ogg stream, or a damaged one")
        if faults:
            raise UndecodableAudio(faults[0])

    def continued_s(self, data: bytes) -> float:
        """0.0: there are packets."""
        return 0.0

    def end(self) -> Iterator[Block]:
        """Return nothing: every whole page has been decoded, and a truncated page is lost."""
        self._reader.restart()
        return iter(())

    def _decode_page(self, page: Page, faults: list[str]) -> Iterator[Samples]:
        """Decode one page, packet by packet; add errors to ``faults``."""
        if page.first:
            self._begin_stream(page, faults)
        elif self._serial is None and page.serial != self._refused:
            self._serial = page.serial
        if page.first or page.serial != self._serial:
            return
        packets = [packet for packet in page.packets if packet and not packet.startswith(b"OpusTags")]
        end = self._end_of_audio(page, sum(map(packet_samples, packets)))
        for packet in packets:
            samples = self._decode_packet(packet, faults)
            first = max(self._head.pre_skip - self._decoded, 0)
            last = len(samples) if end is None else max(end - self._decoded, 0)
            self._decoded += len(samples)
            yield samples[first:last] * np.float32(self._head.gain)
        if page.last:
            self._serial = None
        else:
            # Ahead of our count if pages were lost.
            self._decoded = max(self._decoded, page.granule_position)

    def _end_of_audio(self, page: Page, length: int) -> int | None:
        """Where the padding at the end of a stream's last page begins; None: there is none."""
        skipped = min(max(self._head.pre_skip - self._decoded, 0), length)
        padding = self._decoded + length - page.granule_position
        return page.granule_position if page.last and 0 < padding <= length - skipped else None

    def _begin_stream(self, page: Page, faults: list[str]) -> None:
        """Switch to a new Opus stream; ignore a stream of another codec."""
        try:
            self._head = parse_head(page.packets[0] if page.packets else b"")
        except UndecodableAudio as error:
            if self._serial is None:
                self._refused = page.serial
                faults.append(str(error))
            return
        self._serial = page.serial
        self._decoded = 0
        self._decoder.restart()

    def _decode_packet(self, packet: bytes, faults: list[str]) -> Samples:
        try:
            return self._decoder.decode(packet)
        except UndecodableAudio as error:
            if not faults:
                faults.append(str(error))
            return joined([])
