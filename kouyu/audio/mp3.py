"""MP3 encoding."""

from fractions import Fraction

import av

from kouyu.audio.framing import Framer, Packet
from kouyu.audio.pcm import Samples
from kouyu.domain.configuration import Mp3Config

_LONG_FRAMES_FROM = 32_000
"""Hz: MPEG-1 layer III with frames of 1152 samples; below it is MPEG-2 and 2.5 with half of that."""
_BIT_RATES = {1_152: (32_000, 320_000), 576: (8_000, 160_000)}
"""bit/s, least and most by frame length; the encoder rounds to the nearest it knows between them."""


class Mp3Encoder:
    """An Encoder that gives whole MP3 frames, several to a packet, each decodable without the others.

    A sentence is a stream of its own, about 50 ms longer than its samples; streams play one after the other.
    """

    def __init__(self, config: Mp3Config) -> None:
        self.sample_rate = config.sample_rate
        self._frame_samples = 1_152 if config.sample_rate >= _LONG_FRAMES_FROM else 576
        lowest, highest = _BIT_RATES[self._frame_samples]
        self._bit_rate = min(max(config.bit_rate, lowest), highest)
        self._framer = Framer(self._frame_samples)
        self._codec: av.AudioCodecContext | None = None

    def write(self, samples: Samples) -> list[Packet]:
        """One packet of the frames that are now complete, if any."""
        return self._packet([data for frame in self._framer.cut(samples) for data in self._encode(frame)])

    def finish(self) -> list[Packet]:
        """The rest, padded with silence."""
        frames = [data for frame in self._framer.rest() for data in self._encode(frame)]
        if self._codec is not None:
            frames += [bytes(packet) for packet in self._codec.encode(None)]
        self.close()
        return self._packet(frames)

    def close(self) -> None:
        """Free the codec."""
        self._codec = None

    def _encode(self, samples: Samples) -> list[bytes]:
        # The codec cannot continue after draining, so each sentence opens its own.
        if self._codec is None:
            self._codec = self._open_codec()
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "fltp", "mono")
        frame.sample_rate = self.sample_rate
        return [bytes(packet) for packet in self._codec.encode(frame)]

    def _packet(self, frames: list[bytes]) -> list[Packet]:
        if not frames:
            return []
        return [Packet(b"".join(frames), len(frames) * self._frame_samples * 1000 / self.sample_rate)]

    def _open_codec(self) -> av.AudioCodecContext:
        codec = av.AudioCodecContext.create("libmp3lame", "w")
        codec.sample_rate = self.sample_rate
        codec.time_base = Fraction(1, self.sample_rate)
        codec.format = "fltp"
        codec.layout = "mono"
        codec.bit_rate = self._bit_rate
        # No bit reservoir: a frame must not depend on one that a barge-in kept from being sent.
        codec.options = {"reservoir": "0"}
        codec.open()
        return codec
