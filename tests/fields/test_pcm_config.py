"""data.output_audio.pcm_config: rate, packet size and pacing of PCM and G.711."""

import asyncio

import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import measuring
from tests.fields.pacing import TEXT, arrivals, is_paced, most_in_a_window, sent_in_virtual_time
from tests.fields.spoken import AUDIO, refusal, said, say, spoken

pytestmark = pytest.mark.models

RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)


async def test_pcm_config(scripted_server: RunningServer) -> None:
    """Merged key by key; G.711 takes its packet size from here too, and shows its own rate."""
    async with talking(scripted_server) as talk:
        await talk.configure(output_audio={"pcm_config": {"sample_rate": 16000}})
        updated = await talk.configure(output_audio={"pcm_config": {"frame_size_ms": 40}})
        assert updated.data["output_audio"]["pcm_config"] == {"sample_rate": 16000, "frame_size_ms": 40.0}
        assert {len(event.audio) for event in await said(talk, "Hello.")} == {16 * 40 * 2}
        updated = await talk.configure(output_audio={"codec": "g711u"})
        assert updated.data["output_audio"]["pcm_config"]["sample_rate"] == 8000
        assert {len(event.audio) for event in await said(talk, "Hello.")} == {8 * 40}


async def test_sample_rate(scripted_server: RunningServer) -> None:
    """All seven: the voice has the same pitch and length when played at the rate asked for, and as much treble."""
    async with talking(scripted_server) as talk:
        sounds = {
            rate: measuring.pcm(b"".join(await spoken(talk, "Are you still there?", pcm_config={"sample_rate": rate})))
            for rate in RATES
        }
        assert "8000, 16000" in await refusal(talk, output_audio={"pcm_config": {"sample_rate": 11025}})
    pitches = [measuring.pitch_hz(sound, rate) for rate, sound in sounds.items()]
    lengths = [measuring.sounding_s(sound, rate) for rate, sound in sounds.items()]
    assert max(pitches) < 1.2 * min(pitches), pitches
    assert max(lengths) < 1.4 * min(lengths), lengths
    assert all(measuring.power_above_db(sounds[rate], rate, 4_200) > -50 for rate in RATES if rate >= 16000)


async def test_frame_size_ms(scripted_server: RunningServer) -> None:
    """Each packet has exactly this length, the last one filled up; 0 leaves it to the server again."""
    async with talking(scripted_server) as talk:
        for frame_ms in (20, 62.5, 1000):
            packets = await spoken(talk, "Hello there.", pcm_config={"frame_size_ms": frame_ms})
            assert {len(packet) for packet in packets} == {round(24 * frame_ms) * 2}
        free = await spoken(talk, "Hello there, my friend.", pcm_config={"frame_size_ms": 0})
        assert len({len(packet) for packet in free}) > 1
        assert max(map(len, free)) <= 12_000
        assert "from 0 to 1000 ms" in await refusal(talk, output_audio={"pcm_config": {"frame_size_ms": 1001}})


async def test_limit_config(scripted_server: RunningServer) -> None:
    """Paced audio takes its time; without a limit it comes at once; and a barge-in cuts what still waits."""
    pacing = {"frame_size_ms": 100, "limit_config": {"period": 1, "max_frame_num": 8}}
    at_once = sent_in_virtual_time({"pcm_config": pacing | {"limit_config": {}}}, 20)
    assert at_once[-1] - at_once[0] < 0.5
    async with talking(scripted_server) as talk:
        alone = {"limit_config": pacing["limit_config"]}
        assert "pcm_config.frame_size_ms" in await refusal(talk, output_audio={"pcm_config": alone})
        await talk.configure(output_audio={"pcm_config": pacing})
        paced = await arrivals(talk, TEXT)
        assert is_paced(paced, 8, 1)
        updated = await talk.configure(output_audio={"pcm_config": {"limit_config": {}}})
        assert "limit_config" not in updated.data["output_audio"]["pcm_config"]
        assert len(await said(talk, TEXT)) == len(paced)
    async with talking(scripted_server) as talk:
        await talk.configure(output_audio={"pcm_config": pacing})
        await say(talk, TEXT)
        await talk.until(AUDIO)
        await talk.client.send("conversation.chat.cancel")
        await talk.until("conversation.chat.canceled")
        so_far = len(talk.events)
        await asyncio.sleep(1.2)
        assert talk.types[so_far:] == []
        assert talk.types.count(AUDIO) < len(paced)


async def test_period(scripted_server: RunningServer) -> None:
    """Seconds: a longer one spaces packets wider."""
    for period in (1, 3):
        limit = {"period": period, "max_frame_num": 4}
        sent = sent_in_virtual_time({"pcm_config": {"frame_size_ms": 100, "limit_config": limit}}, 12)
        assert sent[-1] - sent[0] == pytest.approx(2 * period, abs=0.1)
        assert most_in_a_window(sent, period) == 4
    async with talking(scripted_server) as talk:
        limit = {"period": 2, "max_frame_num": 6}
        await talk.configure(output_audio={"pcm_config": {"frame_size_ms": 100, "limit_config": limit}})
        assert is_paced(await arrivals(talk, "Are you still there?"), 6, 2)
        for wrong in (0, 3601, 0.5):
            refused = {"period": wrong, "max_frame_num": 6}
            assert "limit_config.period" in await refusal(talk, output_audio={"pcm_config": {"limit_config": refused}})


async def test_max_frame_num(scripted_server: RunningServer) -> None:
    """Never more packets than this in any stretch of a period, whatever its start."""
    for most in (1, 7):
        limit = {"period": 1, "max_frame_num": most}
        sent = sent_in_virtual_time({"pcm_config": {"frame_size_ms": 100, "limit_config": limit}}, 20)
        assert len(sent) == 20
        assert most_in_a_window(sent, 1.0) == most
    async with talking(scripted_server) as talk:
        limit = {"period": 1, "max_frame_num": 3}
        await talk.configure(output_audio={"pcm_config": {"frame_size_ms": 200, "limit_config": limit}})
        assert is_paced(await arrivals(talk, "Are you still there?"), 3, 1)
        limit = {"period": 1, "max_frame_num": 0}
        assert "max_frame_num" in await refusal(talk, output_audio={"pcm_config": {"limit_config": limit}})
