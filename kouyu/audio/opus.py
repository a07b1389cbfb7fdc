"""Encodes and decodes single raw Opus packets (RFC 6716)."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.framing import Framer, Packet
from kouyu.audio.pcm import Samples, float_from_int16, joined
from kouyu.audio.stream import Block
from kouyu.domain.configuration import OpusConfig

DECODING_RATE = 48_000
"""Hz; Opus decodes to this rate whatever the sender's was."""

_COMPLEXITY = 5
"""Of 10: two thirds of the CPU that 10 takes, at bit rates where one voice sounds the same."""
_LOWEST_BITRATE, _HIGHEST_BITRATE = 500, 256_000
"""Range of the encoder's bit rate for one channel, in bit/s."""


_FRAME_SAMPLES = (*(480, 960, 1_920, 2_880) * 3, *(480, 960) * 2, *(120, 240, 480, 960) * 4)
"""Frame length of each of the 32 configurations, at DECODING_RATE (RFC 6716, table 2)."""


def packet_samples(packet: bytes) -> int:
    """Samples at DECODING_RATE in a packet, by its header (RFC 6716, 3.1 and 3.2); 0 for an empty one."""
    if not packet:
        return 0
    match packet[0] & 3:
        case 0:
            frames = 1
        case 3:
            frames = packet[1] & 63 if len(packet) > 1 else 0
        case _:
            frames = 2
    return frames * _FRAME_SAMPLES[packet[0] >> 3]


class OpusPacketDecoder:
    """Decodes one packet at a time, mono or stereo, to mono at DECODING_RATE."""

    def __init__(self) -> None:
        self._codec = av.AudioCodecContext.create("libopus", "r")
        self._codec.sample_rate = DECODING_RATE
        self._codec.layout = "mono"
        self._codec.open()

    def decode(self, packet: bytes) -> Samples:
        """Decode a packet of 2.5 to 120 ms. Raises UndecodableAudio; later packets still decode."""
        if not packet:
            # The codec would treat an empty packet as the end of the stream.
            raise UndecodableAudio("an empty Opus packet")
        try:
            frames = self._codec.decode(av.Packet(packet))
        except av.FFmpegError as error:
            raise UndecodableAudio("not an Opus packet") from error
        return joined([float_from_int16(frame.to_ndarray().ravel().view(np.int16)) for frame in frames])

    def restart(self) -> None:
        """Reset: the next packet begins a new stream."""
        self._codec.flush_buffers()


class OpusPacketSource:
    """An AudioSource whose every piece is exactly one raw Opus packet (uplink.md: format pcm, codec opus)."""

    def __init__(self) -> None:
        self._decoder = OpusPacketDecoder()

    def decode(self, data: bytes) -> Iterator[Block]:
        """Decode the packet; an empty piece is an error."""
        if data:
            yield Block(self._decoder.decode(data), DECODING_RATE)

    def continued_s(self, data: bytes) -> float:
        """0.0: there are packets."""
        return 0.0

    def end(self) -> Iterator[Block]:
        """Return nothing: no audio is held back."""
        return iter(())


class OpusEncoder:
    """An Encoder that returns one raw packet per frame. The codec's state continues from sentence to sentence."""

    def __init__(self, config: OpusConfig) -> None:
        self.sample_rate = config.sample_rate
        self._frame_ms = config.frame_size_ms
        self._framer = Framer(round(config.sample_rate * config.frame_size_ms / 1000))
        codec = _open_codec(config)
        self._lookahead = _lookahead_samples(codec)
        self._codec: av.AudioCodecContext | None = codec

    def write(self, samples: Samples) -> list[Packet]:
        """A packet for each frame that is now full."""
        return [self._packet(frame) for frame in self._framer.cut(samples)]

    def finish(self) -> list[Packet]:
        """The rest, padded with enough silence that the encoder's look-ahead holds no speech back."""
        return [self._packet(frame) for frame in self._framer.rest(beyond=self._lookahead)]

    def close(self) -> None:
        """Free the codec."""
        self._codec = None

    def _packet(self, samples: Samples) -> Packet:
        assert self._codec is not None, "closed"
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", "mono")
        frame.sample_rate = self.sample_rate
        (packet,) = self._codec.encode(frame)
        return Packet(bytes(packet), self._frame_ms)


def _lookahead_samples(codec: av.AudioCodecContext) -> int:
    """The encoder's delay in samples: the pre-skip of its header (RFC 7845, 5.1)."""
    pre_skip = int.from_bytes((codec.extradata or b"")[10:12], "little")
    return pre_skip * codec.sample_rate // DECODING_RATE


def _open_codec(config: OpusConfig) -> av.AudioCodecContext:
    codec = av.AudioCodecContext.create("libopus", "w")
    codec.sample_rate = config.sample_rate
    codec.time_base = Fraction(1, config.sample_rate)
    codec.format = "flt"
    codec.layout = "mono"
    codec.bit_rate = min(max(config.bitrate, _LOWEST_BITRATE), _HIGHEST_BITRATE)
    codec.options = {
        "application": "voip",
        "frame_duration": f"{config.frame_size_ms:g}",
        "vbr": "off" if config.use_cbr else "on",
        "compression_level": str(_COMPLEXITY),
    }
    codec.open()
    return codec
