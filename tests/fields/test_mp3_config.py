"""data.output_audio.mp3_config: the stream that comes back, read by FFmpeg."""

import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import measuring
from tests.fields.spoken import refusal, spoken

pytestmark = pytest.mark.models

SENTENCE = "Are you still there?"


async def test_mp3_config(scripted_server: RunningServer) -> None:
    """44.1 kHz at 64 kbit/s unless told otherwise; the deltas one after the other are an MP3 stream."""
    async with talking(scripted_server) as talk:
        stream = b"".join(await spoken(talk, SENTENCE, codec="mp3"))
        await talk.configure(output_audio={"mp3_config": {"sample_rate": 48000}})
        other = b"".join(await spoken(talk, SENTENCE, mp3_config={"bit_rate": 96000}))
    sound, rate = measuring.mp3(stream)
    assert rate == 44100
    assert len(stream) * 8 / (len(sound) / rate) == pytest.approx(64_000, rel=0.05)
    sound, rate = measuring.mp3(other)
    assert rate == 48000
    assert len(other) * 8 / (len(sound) / rate) == pytest.approx(96_000, rel=0.05)


async def test_sample_rate(scripted_server: RunningServer) -> None:
    """All three: the stream says so, and the voice has its pitch."""
    pitches = []
    async with talking(scripted_server) as talk:
        for rate in (32000, 44100, 48000):
            stream = b"".join(await spoken(talk, SENTENCE, codec="mp3", mp3_config={"sample_rate": rate}))
            sound, found = measuring.mp3(stream)
            assert found == rate
            pitches.append(measuring.pitch_hz(sound, rate))
        assert "32000, 44100, 48000" in await refusal(talk, output_audio={"mp3_config": {"sample_rate": 24000}})
    assert max(pitches) < 1.2 * min(pitches), pitches


async def test_bit_rate(scripted_server: RunningServer) -> None:
    """bit/s; what MP3 cannot do is brought to its nearest."""
    async with talking(scripted_server) as talk:
        for asked, found in ((32_000, 32_000), (128_000, 128_000), (8_000, 32_000), (1_600_000, 320_000)):
            stream = b"".join(await spoken(talk, SENTENCE, codec="mp3", mp3_config={"bit_rate": asked}))
            sound, rate = measuring.mp3(stream)
            assert len(stream) * 8 / (len(sound) / rate) == pytest.approx(found, rel=0.05)
        assert "from 8000 to 1600000" in await refusal(talk, output_audio={"mp3_config": {"bit_rate": 7999}})
