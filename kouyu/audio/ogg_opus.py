"""Opus in an Ogg container, streamed (RFC 7845)."""

import struct
from collections.abc import Iterator

import msgspec
import numpy as np

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.ogg import OggReader, Page
from kouyu.audio.opus import DECODING_RATE, OpusPacketDecoder
from kouyu.audio.pcm import Samples, joined
from kouyu.audio.stream import Block

_HEAD = struct.Struct("<8sBBHIhB")


class OpusHead(msgspec.Struct, frozen=True):
    """What a stream's first packet says: samples at DECODING_RATE to drop from its start, and a gain (factor)."""

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
        """The stream being decoded; None: the next one that shows up."""
        self._refused: int | None = None
        """The stream that was found not to be Opus."""
        self._decoded = 0
        """Samples since the stream's start, as its granule positions count them."""

    def decode(self, data: bytes) -> Iterator[Block]:
        """The audio of the pages that ``data`` completes; one error where the stream is damaged, however long."""
        was_lost = self._reader.lost
        faults: list[str] = []
        for page in self._reader.read(data):
            samples = self._decode_page(page, faults)
            if len(samples):
                yield Block(samples, DECODING_RATE)
        if self._reader.lost and not was_lost:
            faults.append("not an Ogg stream, or a damaged one")
        if faults:
            raise UndecodableAudio(faults[0])

    def end(self) -> Iterator[Block]:
        """Nothing: every whole page has been decoded, and a page that was cut off is lost."""
        self._reader.restart()
        return iter(())

    def _decode_page(self, page: Page, faults: list[str]) -> Samples:
        """The audio of one page; what is wrong with it is added to ``faults``."""
        if page.first:
            self._begin_stream(page, faults)
        elif self._serial is None and page.serial != self._refused:
            self._serial = page.serial
        if page.first or page.serial != self._serial:
            return joined([])
        samples = self._decode_packets(page, faults)
        skipped = min(max(self._head.pre_skip - self._decoded, 0), len(samples))
        self._decoded += len(samples)
        if not page.last:
            # Ahead of ours where pages were missed.
            self._decoded = max(self._decoded, page.granule_position)
        else:
            self._serial = None
            # The last page's position says how much of its audio is padding.
            padding = self._decoded - page.granule_position
            if 0 < padding <= len(samples) - skipped:
                samples = samples[: len(samples) - padding]
        return samples[skipped:] * np.float32(self._head.gain)

    def _begin_stream(self, page: Page, faults: list[str]) -> None:
        """A new Opus stream takes over from the one before; another codec's is left alone."""
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

    def _decode_packets(self, page: Page, faults: list[str]) -> Samples:
        pieces = []
        for packet in page.packets:
            if not packet or packet.startswith(b"OpusTags"):
                continue
            try:
                pieces.append(self._decoder.decode(packet))
            except UndecodableAudio as error:
                faults.append(str(error))
        return joined(pieces)
