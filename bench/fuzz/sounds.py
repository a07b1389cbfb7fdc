"""Generates audio for the fuzzing client: every format and codec, whole, truncated and corrupt."""

import random
import struct
from typing import Any, Final

import numpy as np

from kouyu.audio.downlink_encoding import open_encoder
from kouyu.domain.configuration import OpusConfig, OutputAudio, PcmConfig

_RATES: Final = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_TINY_OPUS: Final = (b"\x03\xff", b"\xf8", b"\xfb\x30", b"\x08", b"\x0b\x83\x00", b"\xfc\xff\xfe")
_OGG_CRC: Final = 0x04C11DB7


class Sounds:
    """``largest`` bounds one sound, in bytes."""

    def __init__(self, seeded: random.Random, largest: int) -> None:
        self._random = seeded
        self._largest = largest
        noise = np.random.default_rng(seeded.randrange(2**32)).normal(0, 0.1, 24_000).astype(np.float32)
        self._opus = _encoded(OutputAudio(codec="opus", opus_config=OpusConfig(sample_rate=24_000)), noise)
        self._g711 = b"".join(_encoded(OutputAudio(codec="g711u", pcm_config=PcmConfig()), noise))
        self._ogg = _ogg_stream(self._opus)
        self._pcm = (noise * 32767).astype("<i2").tobytes()

    def choose_format(self) -> dict[str, Any]:
        """An ``input_audio`` that is allowed."""
        codec = self._random.choice(("pcm", "pcm", "opus", "g711a", "g711u"))
        choices = ("pcm",) if codec.startswith("g711") else ("pcm", "wav", "ogg") if codec == "pcm" else ("pcm", "ogg")
        container = self._random.choice(choices)
        return {
            "format": container,
            "codec": "opus" if container == "ogg" else codec,
            "sample_rate": 8_000 if codec.startswith("g711") else self._random.choice(_RATES),
            "channel": self._random.choice((1, 2)),
            "bit_depth": self._random.choice((8, 16, 24)),
        }

    def any(self) -> bytes:
        """A sound, whatever the format in force is."""
        size = max(1, round(self._largest ** self._random.random()))
        kinds = (
            lambda: self._pcm,
            lambda: self._random.choice(self._opus),
            lambda: self._g711,
            lambda: self._ogg,
            lambda: self.tiny_packets(self._random.choice(_TINY_OPUS), size),
            lambda: self._random.choice(_TINY_OPUS),
            self.wav,
            lambda: bytes(size),
            lambda: self._random.randbytes(size),
        )
        sound = self._random.choice(kinds)()
        match self._random.randrange(4):
            case 0:
                sound = sound[: self._random.randrange(len(sound)) + 1]
            case 1:
                sound = (sound * (size // len(sound) + 1))[:size]
            case 2:
                at = self._random.randrange(len(sound))
                sound = sound[:at] + self._random.randbytes(3) + sound[at + 3 :]
        return sound

    def wav(self) -> bytes:
        """A WAV file, whose head may say what is not so."""
        rate, channels, bits = self._random.choice((*_RATES, 1, 0, 2**31)), self._random.choice((1, 2, 0, 200)), 16
        kind = self._random.choice((1, 3, 6, 7, 0xFFFE, 0))
        head = struct.pack("<HHIIHH", kind, channels, rate, 0, 2, bits)
        size = self._random.choice((len(self._pcm), 0, 2**32 - 1, 5))
        return (
            b"RIFF"
            + struct.pack("<I", 2**32 - 1)
            + b"WAVEfmt "
            + struct.pack("<I", 16)
            + head
            + b"data"
            + struct.pack("<I", size)
            + self._pcm
        )

    def tiny_packets(self, packet: bytes, size: int) -> bytes:
        """An Ogg stream of about so many bytes that repeats a packet of a few, up to 120 ms of sound each."""
        return _ogg_stream([packet] * 255 * (size // (255 * (len(packet) + 1)) + 1))


def _ogg_stream(packets: list[bytes]) -> bytes:
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48_000, 0, 0)
    pages = [_page(0, 2, [head]), _page(1, 0, [b"OpusTags" + struct.pack("<II", 0, 0)])]
    of_a_page = 255 if len(packets[0]) < 255 else 50
    starts = range(0, len(packets), of_a_page)
    pages += [_page(2 + number, 0, packets[start : start + of_a_page]) for number, start in enumerate(starts)]
    return b"".join(pages)


def _encoded(output: OutputAudio, samples: Any) -> list[bytes]:
    encoder = open_encoder(output)
    packets = [*encoder.encode(samples, 24_000), *encoder.flush()]
    encoder.close()
    return [packet.data for packet in packets]


def _page(number: int, kind: int, packets: list[bytes]) -> bytes:
    lengths = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    body = b"".join(packets)
    head = b"OggS\x00" + bytes([kind]) + struct.pack("<qII", number * 960, 1, number)
    blank = head + b"\0\0\0\0" + bytes([len(lengths)]) + lengths + body
    return head + struct.pack("<I", _crc(blank)) + blank[26:]


def _remainder(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1) ^ (_OGG_CRC if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_REMAINDERS: Final = [_remainder(byte) for byte in range(256)]


def _crc(data: bytes) -> int:
    """Ogg's checksum, which is not that of zlib."""
    value = 0
    for byte in data:
        value = ((value << 8) & 0xFFFFFFFF) ^ _REMAINDERS[(value >> 24) ^ byte]
    return value
