"""Decodes packets that were encoded for a client into samples or a file."""

from collections.abc import Sequence

import numpy as np

from kouyu.audio.downlink_encoding import open_file_encoder
from kouyu.audio.g711 import decode_alaw, decode_mulaw
from kouyu.audio.opus import DECODING_RATE, OpusPacketDecoder
from kouyu.audio.pcm import Samples, float_from_int16, joined
from kouyu.domain.configuration import OutputAudio
from kouyu.domain.effective import G711_RATE


def samples_of_packets(packets: Sequence[bytes], output_audio: OutputAudio) -> tuple[Samples, int]:
    """Decode packets of this format; return samples and rate in Hz. Raises ValueError for ``mp3``, already a file."""
    match output_audio.codec:
        case "pcm":
            values = np.frombuffer(b"".join(packets), "<i2")
            return float_from_int16(values), output_audio.pcm_config.sample_rate
        case "g711a":
            return decode_alaw(b"".join(packets)), G711_RATE
        case "g711u":
            return decode_mulaw(b"".join(packets)), G711_RATE
        case "opus":
            decoder = OpusPacketDecoder()
            return joined([decoder.decode(packet) for packet in packets]), DECODING_RATE
        case "mp3":
            raise ValueError("mp3 is not cut into packets")


def ogg_opus_file(pieces: Sequence[tuple[Samples, int]]) -> bytes:
    """Encode pieces, at least one, each with its sample rate in Hz, as one Ogg Opus file. Takes some 10 ms per second
    of audio: not for the event loop."""
    encoder = open_file_encoder("ogg_opus", pieces[0][1])
    try:
        packets = [packet for samples, rate in pieces for packet in encoder.encode(samples, rate)]
        packets += encoder.flush()
    finally:
        encoder.close()
    return b"".join(packet.data for packet in packets)
