"""The reply as each codec sends it: sizes, durations, and that it sounds as it did."""

import io
from collections.abc import Callable

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.audio import g711
from kouyu.audio.downlink_encoding import open_encoder
from kouyu.audio.framing import Packet
from kouyu.audio.pcm import Samples, float_from_int16
from kouyu.domain.configuration import Mp3Config, OpusConfig, OutputAudio, OutputCodec, PcmConfig
from tests.audio.signals import level_db, similarity, snr_db, speech_like

SENTENCE = speech_like(1.0, 24_000)
OPUS_FRAMES_MS = [2.5, 5.0, 10.0, 20.0, 40.0, 60.0]
OPUS_RATES = [8_000, 12_000, 16_000, 24_000, 48_000]


def spoken(output_audio: OutputAudio, samples: Samples, rate: int = 24_000, piece: int = 2_400) -> list[Packet]:
    """The packets of one sentence that an engine gives in pieces."""
    encoder = open_encoder(output_audio)
    packets = []
    for at in range(0, len(samples), piece):
        packets += encoder.encode(samples[at : at + piece], rate)
    packets += encoder.flush()
    encoder.close()
    return packets


def pcm_heard(packets: list[Packet]) -> Samples:
    return float_from_int16(np.frombuffer(b"".join(packet.data for packet in packets), "<i2"))


def opus_heard(packets: list[Packet]) -> Samples:
    """As libopus hears it, which the clients have too, at 48 kHz."""
    codec = av.AudioCodecContext.create("libopus", "r")
    codec.sample_rate, codec.layout = 48_000, "mono"
    frames = [frame for packet in packets for frame in codec.decode(av.Packet(packet.data))]
    return float_from_int16(np.concatenate([frame.to_ndarray().ravel() for frame in frames]))


def mp3_heard(packets: list[Packet]) -> tuple[Samples, int]:
    with av.open(io.BytesIO(b"".join(packet.data for packet in packets)), format="mp3", mode="r") as container:
        frames = list(container.decode(audio=0))
        return np.concatenate([frame.to_ndarray().ravel() for frame in frames]), frames[0].sample_rate


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("engine_rate", [16_000, 22_050, 24_000])
def test_pcm_at_every_rate_sounds_as_it_was_spoken(rate: int, engine_rate: int) -> None:
    packets = spoken(OutputAudio(pcm_config=PcmConfig(sample_rate=rate)), speech_like(1.0, engine_rate), engine_rate)
    heard = pcm_heard(packets)
    assert abs(len(heard) - rate) <= 1
    assert snr_db(speech_like(1.0, rate), heard, edge=rate // 50) > 55


def test_pcm_packets_are_even_never_empty_and_no_longer_than_the_service_sends() -> None:
    packets = spoken(OutputAudio(), SENTENCE, piece=24_000) + spoken(OutputAudio(), SENTENCE, piece=1_000)
    assert all(0 < len(packet.data) <= 12_000 and len(packet.data) % 2 == 0 for packet in packets)
    assert max(len(packet.data) for packet in packets) == 12_000


def test_what_an_engine_gives_is_sent_at_once() -> None:
    encoder = open_encoder(OutputAudio())
    assert [packet.duration_ms for packet in encoder.encode(SENTENCE[:1_200], 24_000)] == [50.0]
    assert encoder.flush() == []


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
@pytest.mark.parametrize("frame_size_ms", [5, 20.0, 60, 1_000])
def test_with_a_frame_size_every_packet_has_exactly_that_many_bytes(rate: int, frame_size_ms: float) -> None:
    config = PcmConfig(sample_rate=rate, frame_size_ms=frame_size_ms)
    packets = spoken(OutputAudio(pcm_config=config), SENTENCE[:23_000], piece=777)
    assert {len(packet.data) for packet in packets} == {round(rate * frame_size_ms / 1000) * 2}
    assert {packet.duration_ms for packet in packets} == {frame_size_ms}
    # The last one is filled up with silence.
    heard = pcm_heard(packets)
    said = 23_000 * rate // 24_000
    assert said <= len(heard) < said + rate * frame_size_ms / 1000
    assert not heard[said + 2 :].any()


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(0, 5_000), min_size=1, max_size=8), frame_size_ms=st.sampled_from([None, 20.0, 33.3]))
def test_how_the_engine_cuts_its_speech_makes_no_difference(sizes: list[int], frame_size_ms: float | None) -> None:
    output_audio = OutputAudio(pcm_config=PcmConfig(sample_rate=16_000, frame_size_ms=frame_size_ms), loudness_rate=60)
    encoder, packets, at = open_encoder(output_audio), [], 0
    while at < 12_000:
        for size in [*sizes, 1]:
            packets += encoder.encode(SENTENCE[at : min(at + size, 12_000)], 24_000)
            at += size
    packets += encoder.flush()
    at_once = pcm_heard(spoken(output_audio, SENTENCE[:12_000], piece=12_000))
    np.testing.assert_allclose(pcm_heard(packets), at_once, atol=2 / 32768)
    assert all(packet.data for packet in packets)
    assert sum(packet.duration_ms for packet in packets) == pytest.approx(len(at_once) / 16)


@pytest.mark.parametrize(("codec", "decode"), [("g711a", g711.decode_alaw), ("g711u", g711.decode_mulaw)])
@pytest.mark.parametrize("frame_size_ms", [None, 20.0])
def test_g711_is_at_8_khz_whatever_pcm_config_says(
    codec: OutputCodec, decode: Callable[[bytes], Samples], frame_size_ms: float | None
) -> None:
    config = PcmConfig(sample_rate=24_000, frame_size_ms=frame_size_ms)
    packets = spoken(OutputAudio(codec=codec, pcm_config=config), SENTENCE)
    heard = decode(b"".join(packet.data for packet in packets))
    assert len(heard) == 8_000
    assert snr_db(speech_like(1.0, 8_000), heard, edge=160) > 30
    assert all(len(packet.data) == packet.duration_ms * 8 <= 2_000 for packet in packets)
    if frame_size_ms:
        assert {len(packet.data) for packet in packets} == {160}


@pytest.mark.parametrize("frame_size_ms", OPUS_FRAMES_MS)
@pytest.mark.parametrize("rate", OPUS_RATES)
def test_each_opus_packet_is_one_frame_of_the_asked_length(rate: int, frame_size_ms: float) -> None:
    config = OpusConfig(sample_rate=rate, frame_size_ms=frame_size_ms)
    packets = spoken(OutputAudio(codec="opus", opus_config=config), SENTENCE)
    assert {packet.duration_ms for packet in packets} == {frame_size_ms}
    heard = opus_heard(packets)
    assert len(heard) == round(len(packets) * frame_size_ms * 48)
    # All of the second, the encoder's look-ahead, and less than a frame of silence.
    assert 0 <= len(packets) * frame_size_ms - 1_000 <= 6.5 + frame_size_ms
    assert similarity(speech_like(1.0, 48_000), heard, furthest=400) > 0.85


@pytest.mark.parametrize("frame_size_ms", OPUS_FRAMES_MS)
def test_cbr_packets_are_all_of_one_size_and_vbr_packets_are_not(frame_size_ms: float) -> None:
    def sizes(use_cbr: bool) -> list[int]:
        config = OpusConfig(use_cbr=use_cbr, frame_size_ms=frame_size_ms, bitrate=32_000)
        return [len(packet.data) for packet in spoken(OutputAudio(codec="opus", opus_config=config), SENTENCE)]

    assert set(sizes(use_cbr=True)) == {round(32_000 * frame_size_ms / 8_000)}
    assert len(set(sizes(use_cbr=False))) > 3


@pytest.mark.parametrize("use_cbr", [True, False])
@pytest.mark.parametrize("bitrate", [16_000, 48_000, 96_000])
def test_opus_keeps_to_the_bitrate(use_cbr: bool, bitrate: int) -> None:
    config = OpusConfig(use_cbr=use_cbr, bitrate=bitrate, frame_size_ms=20.0)
    packets = spoken(OutputAudio(codec="opus", opus_config=config), speech_like(3.0, 24_000))
    bits = sum(len(packet.data) for packet in packets) * 8
    seconds = sum(packet.duration_ms for packet in packets) / 1000
    assert bits / seconds == pytest.approx(bitrate, rel=0.01 if use_cbr else 0.2)


@pytest.mark.parametrize("bitrate", [6_000, 510_000])
def test_any_bitrate_of_the_document_opens_the_encoder(bitrate: int) -> None:
    assert spoken(OutputAudio(codec="opus", opus_config=OpusConfig(bitrate=bitrate)), SENTENCE)


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("bit_rate", [8_000, 64_000, 1_600_000])
def test_mp3_decodes_back(rate: int, bit_rate: int) -> None:
    packets = spoken(OutputAudio(codec="mp3", mp3_config=Mp3Config(sample_rate=rate, bit_rate=bit_rate)), SENTENCE)
    heard, heard_rate = mp3_heard(packets)
    assert heard_rate == rate
    assert all(packet.data for packet in packets)
    assert 1_000 <= sum(packet.duration_ms for packet in packets) < 1_150
    assert similarity(speech_like(1.0, rate), heard, furthest=2_600) > 0.95


def test_mp3_sentences_play_one_after_the_other() -> None:
    encoder = open_encoder(OutputAudio(codec="mp3"))
    packets = []
    for _ in range(2):
        packets += encoder.encode(SENTENCE, 24_000) + encoder.flush()
    heard, _ = mp3_heard(packets)
    sentence = speech_like(1.0, 44_100)
    assert len(heard) > 2 * len(sentence)
    assert similarity(sentence, heard[len(heard) // 2 - 2_000 :], furthest=6_000) > 0.95


@pytest.mark.parametrize("codec", ["pcm", "g711a", "g711u", "opus", "mp3"])
def test_a_sentence_without_sound_gives_no_packets(codec: OutputCodec) -> None:
    encoder = open_encoder(OutputAudio(codec=codec, pcm_config=PcmConfig(frame_size_ms=20.0)))
    assert encoder.encode(np.zeros(0, np.float32), 24_000) == []
    assert encoder.flush() == []
    assert encoder.flush() == []
    encoder.close()


@pytest.mark.parametrize("codec", ["pcm", "g711a", "opus"])
def test_two_sentences_are_as_long_as_each_by_itself(codec: OutputCodec) -> None:
    encoder = open_encoder(OutputAudio(codec=codec))
    lengths = []
    for _ in range(3):
        packets = encoder.encode(SENTENCE[:5_000], 24_000) + encoder.flush()
        lengths.append(sum(packet.duration_ms for packet in packets))
    assert len(set(lengths)) == 1


def test_the_engines_sample_rate_may_change_within_a_sentence() -> None:
    encoder = open_encoder(OutputAudio(pcm_config=PcmConfig(sample_rate=48_000)))
    packets = encoder.encode(speech_like(0.5, 22_050), 22_050) + encoder.encode(speech_like(0.5, 24_000), 24_000)
    heard = pcm_heard(packets + encoder.flush())
    half = speech_like(0.5, 48_000)
    assert len(heard) == 48_000
    assert snr_db(half, heard[:24_000], edge=960) > 55
    assert snr_db(half, heard[24_000:], edge=960) > 55


@pytest.mark.parametrize(("loudness_rate", "decibels"), [(-50, -6.02), (0, 0.0), (100, 6.02)])
def test_the_loudness_rate_is_heard(loudness_rate: int, decibels: float) -> None:
    quiet = SENTENCE * 0.3
    heard = pcm_heard(spoken(OutputAudio(loudness_rate=loudness_rate), quiet))
    assert level_db(heard) - level_db(quiet) == pytest.approx(decibels, abs=0.05)


def test_doubling_what_is_loud_already_does_not_wrap() -> None:
    time = np.arange(24_000) / 24_000
    loud = (0.95 * np.sin(2 * np.pi * 200 * time)).astype(np.float32)
    heard = pcm_heard(spoken(OutputAudio(loudness_rate=100), loud))
    assert np.abs(heard).max() <= 1.0
    assert (heard[np.abs(loud) > 0.1] * loud[np.abs(loud) > 0.1] > 0).all()
    assert level_db(heard) > level_db(loud)
