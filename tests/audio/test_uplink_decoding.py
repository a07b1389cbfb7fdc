"""The seven rates, three widths and two channel counts of PCM, G.711, raw Opus packets; and what all formats share."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kouyu.audio import g711
from kouyu.audio.downlink_encoding import open_encoder
from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.pcm import Samples, int16_from_float
from kouyu.audio.uplink_decoding import AudioDecoder, open_decoder
from kouyu.domain.configuration import InputAudio, OpusConfig, OutputAudio
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.audio.signals import cut, interleaved, packed, similarity, snr_db, speech_like

RATES = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]
HEARD = speech_like(0.6, SPEECH_RATE)


def decoded(decoder: AudioDecoder, pieces: list[bytes]) -> Samples:
    return np.concatenate([*(decoder.feed(piece) for piece in pieces), decoder.flush()])


def opus_packets(samples: Samples, sample_rate: int, frame_size_ms: float = 20.0) -> list[bytes]:
    config = OpusConfig(sample_rate=sample_rate, frame_size_ms=frame_size_ms, bitrate=64_000)
    encoder = open_encoder(OutputAudio(codec="opus", opus_config=config))
    return [packet.data for packet in encoder.encode(samples, sample_rate) + encoder.flush()]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("bit_depth", "least_snr_db"), [(8, 20), (16, 55), (24, 60)])
@pytest.mark.parametrize("channel", [1, 2])
def test_pcm_of_every_kind_is_heard_as_it_was(
    rate: int, bit_depth: Literal[8, 16, 24], least_snr_db: float, channel: Literal[1, 2]
) -> None:
    sound = speech_like(0.6, rate)
    # The two channels differ, and their mean is the sound.
    frames = sound if channel == 1 else interleaved(sound * 1.5, sound * 0.5)
    decoder = open_decoder(InputAudio(format="pcm", sample_rate=rate, bit_depth=bit_depth, channel=channel))
    listened = decoded(decoder, cut(packed(frames, bit_depth), [1_999]))
    assert listened.dtype == np.float32
    assert len(listened) == len(HEARD)
    assert snr_db(HEARD, listened, edge=200) > least_snr_db


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 5_000), min_size=1, max_size=8))
@pytest.mark.parametrize(("rate", "bit_depth", "channel"), [(48_000, 16, 1), (44_100, 24, 2), (8_000, 8, 1)])
def test_how_pcm_is_cut_makes_no_difference(
    rate: int, bit_depth: Literal[8, 16, 24], channel: Literal[1, 2], sizes: list[int]
) -> None:
    sound = speech_like(0.2, rate)
    data = packed(sound if channel == 1 else interleaved(sound, sound), bit_depth)
    announced = InputAudio(format="pcm", sample_rate=rate, bit_depth=bit_depth, channel=channel)
    at_once = decoded(open_decoder(announced), [data])
    np.testing.assert_allclose(decoded(open_decoder(announced), cut(data, sizes)), at_once, atol=1e-6)


def test_a_browser_frame_is_heard_within_a_millisecond_and_a_half() -> None:
    decoder = open_decoder(InputAudio(format="pcm", sample_rate=48_000))
    # 1024 samples at 48 kHz, as the JS recorder sends them (websocket.md 6.3): 341 at 16 kHz.
    assert len(decoder.feed(bytes(2_048))) >= 341 - 24


def test_full_scale_stays_within_full_scale() -> None:
    square = np.repeat(np.tile([1.0, -1.0], 50), 480).astype(np.float32)
    listened = decoded(open_decoder(InputAudio(format="pcm", sample_rate=48_000)), [packed(square, 16)])
    assert np.abs(listened).max() <= 1.0


@pytest.mark.parametrize(("codec", "encode"), [("g711a", g711.encode_alaw), ("g711u", g711.encode_mulaw)])
@pytest.mark.parametrize("announced_rate", [8_000, 48_000])
def test_g711_is_taken_at_8_khz_whatever_rate_is_announced(
    codec: Literal["g711a", "g711u"], encode: Callable[[NDArray[np.int16]], bytes], announced_rate: int
) -> None:
    data = encode(int16_from_float(speech_like(0.6, 8_000)))
    decoder = open_decoder(InputAudio(format="pcm", codec=codec, sample_rate=announced_rate))
    listened = decoded(decoder, cut(data, [170]))
    assert len(listened) == len(HEARD)
    assert snr_db(HEARD, listened, edge=200) > 30


@pytest.mark.parametrize("input_format", ["pcm", "wav"])
@pytest.mark.parametrize("sender_rate", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("frame_size_ms", [10.0, 20.0, 60.0])
def test_each_piece_may_be_one_raw_opus_packet(
    input_format: Literal["pcm", "wav"], sender_rate: int, frame_size_ms: float
) -> None:
    packets = opus_packets(speech_like(0.6, sender_rate), sender_rate, frame_size_ms)
    listened = decoded(open_decoder(InputAudio(format=input_format, codec="opus")), packets)
    assert len(listened) == round(len(packets) * frame_size_ms * 16)
    assert similarity(HEARD, listened, furthest=200) > 0.9


def test_an_opus_packet_is_heard_at_once() -> None:
    decoder = open_decoder(InputAudio(format="pcm", codec="opus"))
    assert len(decoder.feed(opus_packets(speech_like(0.1, 48_000), 48_000)[0])) >= 320 - 24


def test_an_empty_piece_is_no_audio_and_no_error() -> None:
    for announced in (InputAudio(), InputAudio(format="ogg"), InputAudio(format="pcm", codec="opus")):
        assert len(open_decoder(announced).feed(b"")) == 0


def test_a_bad_opus_packet_is_reported_and_the_next_one_is_heard() -> None:
    decoder = open_decoder(InputAudio(format="pcm", codec="opus"))
    packets = opus_packets(HEARD, 16_000)
    decoder.feed(packets[0])
    with pytest.raises(UndecodableAudio, match="Opus"):
        decoder.feed(b"\xff")
    assert len(decoder.feed(packets[1])) == 320


def test_a_flush_gives_the_rest_and_begins_again() -> None:
    decoder = open_decoder(InputAudio(format="pcm", sample_rate=48_000))
    data = packed(speech_like(0.1, 48_000), 16)
    first = decoded(decoder, [data + b"\x01"])
    assert len(first) == 1_600
    assert np.array_equal(decoded(decoder, [data]), first)
    assert len(decoder.flush()) == 0


ANNOUNCED = [
    InputAudio(),
    InputAudio(bit_depth=24, channel=2, sample_rate=44_100),
    InputAudio(format="ogg"),
    InputAudio(format="pcm", codec="opus"),
    InputAudio(format="pcm", codec="g711a", sample_rate=8_000),
]


@pytest.mark.parametrize("announced", ANNOUNCED)
@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(
        st.binary(max_size=300)
        | st.sampled_from([b"RIFF", b"RIFF\0\0\0\0WAVE", b"fmt ", b"data", b"OggS", b"\x10\0\0\0", b"OpusHead"]),
        max_size=12,
    )
)
def test_garbage_raises_nothing_but_undecodable_audio(announced: InputAudio, pieces: list[bytes]) -> None:
    decoder = open_decoder(announced)
    for piece in pieces:
        try:
            samples = decoder.feed(piece)
        except UndecodableAudio as error:
            assert str(error)  # noqa: PT017 - whether it raises is up to the piece
        else:
            assert samples.dtype == np.float32
            assert np.isfinite(samples).all()
    assert np.isfinite(decoder.flush()).all()
    decoder.close()
