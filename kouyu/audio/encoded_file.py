"""Encodes a whole file of one container, streamed while it is written: Ogg Opus, AAC, FLAC."""

import io
from typing import Final

import av

from kouyu.audio.framing import Framer, Packet
from kouyu.audio.opus import DECODING_RATE
from kouyu.audio.pcm import Samples, int16_from_float

_OPUS_RATES: Final = (8_000, 12_000, 16_000, 24_000, 48_000)
_FRAME_MS: Final = 20
_AAC_FRAME: Final = 1_024
"""Samples."""
_OPUS_BIT_RATE: Final = 48_000
_AAC_BIT_RATE: Final = 64_000
_PAGE_US: Final = 200_000
"""Microseconds of audio in one page of Ogg, and so the latency of streaming."""


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


class EncodedFile:
    """An Encoder of one whole file: its headers come with the first packet, its end with ``finish``."""

    def __init__(
        self,
        container: str,
        codec: str,
        sample_rate: int,
        *,
        sample_format: str,
        frame_samples: int,
        bit_rate: int | None = None,
        options: dict[str, str] | None = None,
    ) -> None:
        """``container`` and ``codec`` as FFmpeg calls them. ``sample_format``: ``flt``, ``fltp`` or ``s16``."""
        self.sample_rate = sample_rate
        self._sample_format = sample_format
        self._file = _Written()
        self._container = av.open(self._file, "w", format=container, options=options or {})
        stream = self._container.add_stream(codec, rate=sample_rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        self._stream = stream
        if bit_rate is not None:
            self._stream.bit_rate = bit_rate
        self._stream.codec_context.format = av.AudioFormat(sample_format)
        self._framer = Framer(frame_samples)
        self._finished = False

    def write(self, samples: Samples) -> list[Packet]:
        """What of the file is now complete, if any, in one packet."""
        return self._packet(sum(self._encode_frame(frame) for frame in self._framer.cut(samples)))

    def finish(self) -> list[Packet]:
        """Return the end of the file. No write may follow."""
        length_ms = sum(self._encode_frame(frame) for frame in self._framer.rest())
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self.close()
        return self._packet(length_ms)

    def close(self) -> None:
        """Free the codec."""
        if not self._finished:
            self._finished = True
            self._container.close()

    def _encode_frame(self, samples: Samples) -> float:
        """Encode one frame; return its length in ms."""
        shown = int16_from_float(samples) if self._sample_format == "s16" else samples
        frame = av.AudioFrame.from_ndarray(shown.reshape(1, -1), self._sample_format, "mono")
        frame.sample_rate = self.sample_rate
        for packet in self._stream.encode(frame):
            self._container.mux(packet)
        return len(samples) * 1000 / self.sample_rate

    def _packet(self, length_ms: float) -> list[Packet]:
        data = self._file.take()
        return [Packet(data, length_ms)] if data else []


def ogg_opus_encoder(sample_rate: int) -> EncodedFile:
    """Opus in Ogg, at the next rate that Opus has; players decode at 48000 Hz whatever it is."""
    rate = next((rate for rate in _OPUS_RATES if rate >= sample_rate), DECODING_RATE)
    return EncodedFile(
        "ogg",
        "libopus",
        rate,
        sample_format="flt",
        frame_samples=rate * _FRAME_MS // 1000,
        bit_rate=_OPUS_BIT_RATE,
        options={"page_duration": str(_PAGE_US)},
    )


def aac_encoder(sample_rate: int) -> EncodedFile:
    """AAC-LC in ADTS frames, each decodable by itself. ``sample_rate`` is one of AAC's, 8000 to 48000 Hz."""
    return EncodedFile(
        "adts", "aac", sample_rate, sample_format="fltp", frame_samples=_AAC_FRAME, bit_rate=_AAC_BIT_RATE
    )


def flac_encoder(sample_rate: int) -> EncodedFile:
    """FLAC of 16 bits, whose header leaves the length open."""
    frame_samples = sample_rate * _FRAME_MS // 1000
    return EncodedFile("flac", "flac", sample_rate, sample_format="s16", frame_samples=frame_samples)
