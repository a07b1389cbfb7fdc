"""data.output_audio.opus_config: what the packets that come are like, by FFmpeg's own decoder and by their headers."""

import pytest

from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import measuring
from tests.fields.pacing import arrivals, is_paced, most_in_a_window, sent_in_virtual_time
from tests.fields.spoken import AUDIO, refusal, spoken

pytestmark = pytest.mark.models

SENTENCE = "Good morning, how are you all today?"
HISSING = "Six swans swim in the sea, since it is sunny."
"""With much treble."""
FRAMES_MS = (2.5, 5, 10, 20, 40, 60)


def opus(**config: object) -> dict[str, object]:
    return {"codec": "opus", "opus_config": config}


async def packets(talk: Talk, **config: object) -> list[bytes]:
    return await spoken(talk, SENTENCE, **opus(**config))


def rate_of(packets: list[bytes], frame_ms: float) -> float:
    """bit/s of the packets."""
    return sum(map(len, packets)) * 8 / (len(packets) * frame_ms / 1000)


async def test_opus_config(scripted_server: RunningServer) -> None:
    """Raw packets of 10 ms at 24 kHz and 48 kbit/s unless told otherwise; merged key by key."""
    async with talking(scripted_server) as talk:
        default = await packets(talk)
        await talk.configure(output_audio=opus(bitrate=20000, use_cbr=True))
        longer = await packets(talk, frame_size_ms=40)
        shown = (await talk.configure()).data["output_audio"]
    assert {measuring.opus_packet_ms(packet) for packet in default} == {10.0}
    assert rate_of(default, 10) < 60_000
    assert {(measuring.opus_packet_ms(packet), len(packet)) for packet in longer} == {(40.0, 100)}
    assert shown["opus_config"] == {"sample_rate": 24000, "bitrate": 20000, "use_cbr": True, "frame_size_ms": 40.0}
    assert "pcm_config" not in shown


async def test_sample_rate(scripted_server: RunningServer) -> None:
    """All five: the voice has its pitch, and no more treble than its rate can hold."""
    async with talking(scripted_server) as talk:
        sounds, widest = {}, {}
        for rate in (8000, 12000, 16000, 24000, 48000):
            config = opus(sample_rate=rate, frame_size_ms=20, bitrate=64000)
            frames = await spoken(talk, HISSING, **config)
            sounds[rate] = measuring.opus(frames)
            widest[rate] = max(measuring.opus_bandwidth_hz(packet) for packet in frames)
        assert "12000" in await refusal(talk, output_audio={"opus_config": {"sample_rate": 44100}})
    pitches = [measuring.pitch_hz(sound, measuring.OPUS_RATE) for sound in sounds.values()]
    assert max(pitches) < 1.15 * min(pitches), pitches
    for rate in (8000, 12000):
        treble = measuring.power_above_db(sounds[rate], measuring.OPUS_RATE, rate / 2 * 1.15)
        assert treble < measuring.power_above_db(sounds[24000], measuring.OPUS_RATE, rate / 2 * 1.15) - 6
    assert {rate: widest[rate] for rate in (8000, 16000, 24000, 48000)} == {
        8000: 4000,
        16000: 8000,
        24000: 12000,
        48000: 20000,
    }


async def test_bitrate(scripted_server: RunningServer) -> None:
    """bit/s, on average."""
    async with talking(scripted_server) as talk:
        for bitrate in (12_000, 24_000, 64_000):
            measured = rate_of(await packets(talk, bitrate=bitrate, frame_size_ms=20, use_cbr=True), 20)
            assert measured == pytest.approx(bitrate, rel=0.05)
        variable = [rate_of(await packets(talk, bitrate=rate, use_cbr=False), 20) for rate in (12_000, 64_000)]
        assert variable[1] > 2.5 * variable[0]
        assert "from 6000 to 510000" in await refusal(talk, output_audio={"opus_config": {"bitrate": 5999}})


async def test_use_cbr(scripted_server: RunningServer) -> None:
    """Packets are all of one size, or of the size that the sound needs."""
    async with talking(scripted_server) as talk:
        constant = await packets(talk, use_cbr=True, frame_size_ms=20, bitrate=24_000)
        variable = await packets(talk, use_cbr=False, frame_size_ms=20, bitrate=24_000)
    assert {len(packet) for packet in constant} == {60}
    assert len({len(packet) for packet in variable}) > 5


async def test_frame_size_ms(scripted_server: RunningServer) -> None:
    """All six; each delta is exactly one packet of this length, and together they are the speech."""
    async with talking(scripted_server) as talk:
        lengths = []
        for frame_ms in FRAMES_MS:
            frames = await packets(talk, frame_size_ms=frame_ms)
            assert {measuring.opus_packet_ms(packet) for packet in frames} == {frame_ms}
            lengths.append(measuring.sounding_s(measuring.opus(frames), measuring.OPUS_RATE))
        assert max(lengths) < 1.3 * min(lengths), lengths
        assert "2.5, 5, 10, 20, 40, 60" in await refusal(talk, output_audio={"opus_config": {"frame_size_ms": 30}})


async def test_limit_config(scripted_server: RunningServer) -> None:
    """Paced in Opus packets; the sound is whole all the same."""
    async with talking(scripted_server) as talk:
        limit = {"period": 1, "max_frame_num": 20}
        await talk.configure(
            output_audio={"codec": "opus", "opus_config": {"frame_size_ms": 60, "limit_config": limit}}
        )
        assert is_paced(await arrivals(talk, SENTENCE), 20, 1)
        sound = measuring.opus([event.audio for event in talk.events if event.type == AUDIO])
    assert 1 < measuring.sounding_s(sound, measuring.OPUS_RATE) < 4


async def test_period(scripted_server: RunningServer) -> None:
    """Seconds."""
    for period in (1, 2):
        limit = {"period": period, "max_frame_num": 5}
        sent = sent_in_virtual_time(opus(limit_config=limit), 15)
        assert sent[-1] - sent[0] == pytest.approx(2 * period, abs=0.1)
    async with talking(scripted_server) as talk:
        limit = {"period": 2, "max_frame_num": 20}
        await talk.configure(
            output_audio={"codec": "opus", "opus_config": {"frame_size_ms": 60, "limit_config": limit}}
        )
        assert is_paced(await arrivals(talk, SENTENCE), 20, 2)


async def test_max_frame_num(scripted_server: RunningServer) -> None:
    """Packets in any stretch of a period."""
    for most in (2, 50):
        limit = {"period": 1, "max_frame_num": most}
        sent = sent_in_virtual_time(opus(limit_config=limit), 60)
        assert most_in_a_window(sent, 1.0) == most
    async with talking(scripted_server) as talk:
        limit = {"period": 1, "max_frame_num": 25}
        await talk.configure(
            output_audio={"codec": "opus", "opus_config": {"frame_size_ms": 40, "limit_config": limit}}
        )
        assert is_paced(await arrivals(talk, SENTENCE), 25, 1)
