"""Encodes Opus into an Ogg file, streamed while it is written."""

import io
from typing import Final

import av

from kouyu.audio.framing import Framer, Packet
from kouyu.audio.opus import DECODING_RATE
from kouyu.audio.pcm import Samples

_RATES: Final = (8_000, 12_000, 16_000, 24_000, 48_000)
_FRAME_MS: Final = 20
_BITRATE: Final = 48_000
_PAGE_US: Final = 200_000
"""Microseconds of audio in one page, and so the latency of streaming."""


class _Written(io.RawIOBase):
    """A write-only file without seeking; ``take`` removes what was written."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        content = bytes(memoryview(data))  # type: ignore[arg-type]
        self._waiting += content
        return len(content)

    def take(self) -> bytes:
        """What has been written since the last call."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


class OggOpusEncoder:
    """An Encoder of one whole file: its headers come with the first packet, its end with ``finish``.

    ``sample_rate`` is the nearest of Opus's own rates that loses nothing; players decode at 48000 Hz whatever it is.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = next((rate for rate in _RATES if rate >= sample_rate), DECODING_RATE)
        self._file = _Written()
        self._container = av.open(self._file, "w", format="ogg", options={"page_duration": str(_PAGE_US)})
        self._stream = self._container.add_stream("libopus", rate=self.sample_rate, layout="mono")
        self._stream.bit_rate = _BITRATE
        self._stream.codec_context.format = av.AudioFormat("flt")
        self._framer = Framer(self.sample_rate * _FRAME_MS // 1000)
        self._finished = False

    def write(self, samples: Samples) -> list[Packet]:
        """The pages that are now complete, if any, in one packet."""
        return self._packet(self._encode(samples))

    def finish(self) -> list[Packet]:
        """Return the end of the file. No write may follow."""
        length = 0.0
        for frame in self._framer.rest():
            length += self._encode_frame(frame)
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self.close()
        return self._packet(length)

    def close(self) -> None:
        """Free the codec."""
        if not self._finished:
            self._finished = True
            self._container.close()

    def _encode(self, samples: Samples) -> float:
        return sum(self._encode_frame(frame) for frame in self._framer.cut(samples))

    def _encode_frame(self, samples: Samples) -> float:
        """Encode one frame; return its length in ms."""
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", "mono")
        frame.sample_rate = self.sample_rate
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
        return _FRAME_MS

    def _packet(self, length_ms: float) -> list[Packet]:
        data = self._file.take()
        return [Packet(data, length_ms)] if data else []
