"""What was made for a client sounds as it did before, whatever the codec."""

import numpy as np
import pytest

from kouyu.audio.downlink_encoding import open_encoder
from kouyu.audio.pcm import Samples
from kouyu.audio.sent_packets import ogg_opus_file, samples_of_packets
from kouyu.audio.uplink_decoding import open_decoder
from kouyu.domain.configuration import InputAudio, OutputAudio, OutputCodec


def tone(rate: int, seconds: float) -> Samples:
    times = np.arange(round(rate * seconds)) / rate
    return (0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)


def pitch(samples: Samples, rate: int) -> float:
    """The loudest frequency, Hz."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


@pytest.mark.parametrize("codec", ["pcm", "g711a", "g711u", "opus"])
def test_packets_decode_to_what_was_said(codec: OutputCodec) -> None:
    output = OutputAudio(codec=codec)
    encoder = open_encoder(output)
    packets = [packet.data for packet in (*encoder.encode(tone(24_000, 1.0), 24_000), *encoder.flush())]
    encoder.close()
    samples, rate = samples_of_packets(packets, output)
    assert len(samples) / rate == pytest.approx(1.0, abs=0.05)
    assert pitch(samples, rate) == pytest.approx(440, abs=3)
    assert float(np.abs(samples).max()) == pytest.approx(0.5, abs=0.1)


def test_a_file_can_be_played() -> None:
    content = ogg_opus_file([(tone(16_000, 0.5), 16_000), (tone(8_000, 0.5), 8_000)])
    assert content.startswith(b"OggS")
    decoder = open_decoder(InputAudio(format="ogg", codec="opus"))
    samples = np.concatenate([decoder.feed(content), decoder.flush()])
    assert len(samples) / 16_000 == pytest.approx(1.0, abs=0.05)
    assert pitch(samples, 16_000) == pytest.approx(440, abs=3)


def test_a_files_size_is_that_of_compressed_speech() -> None:
    assert len(ogg_opus_file([(tone(16_000, 10.0), 16_000)])) < 100_000
