"""The configuration of a real device, all of it together."""

import asyncio

import numpy as np
import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import measuring, uploads
from tests.fields.pacing import is_paced
from tests.fields.spoken import AUDIO, TRANSCRIPT, question
from tests.standins.openai_server import OpenAIStandIn, Say

pytestmark = pytest.mark.models

SUBSCRIBED = [
    "conversation.audio.delta",
    "conversation.audio.completed",
    "conversation.chat.completed",
    "conversation.chat.canceled",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    TRANSCRIPT,
]
DEVICE = {
    "event_subscriptions": SUBSCRIBED,
    "input_audio": {"format": "pcm", "codec": "opus", "sample_rate": 16000, "channel": 1},
    "output_audio": {
        "codec": "opus",
        "opus_config": {
            "sample_rate": 16000,
            "bitrate": 16000,
            "frame_size_ms": 60,
            "limit_config": {"period": 1, "max_frame_num": 18},
        },
    },
    "turn_detection": {"type": "server_vad", "prefix_padding_ms": 600, "silence_duration_ms": 500},
}


async def test_a_device_with_opus_in_and_out(scripted_server: RunningServer, language_model: OpenAIStandIn) -> None:
    """Opus packets at 16 kHz up and, paced, down; server_vad; a handful of events."""
    language_model.will(Say("Paris is the capital of France. ", "It lies on the river Seine, in the north."))
    packets = uploads.opus_packets(question(), 16000, 60)
    silence = uploads.opus_packets(question() * 0, 16000, 60)
    async with talking(scripted_server) as talk:
        await talk.client.send("chat.update", DEVICE)
        for packet in packets:
            await talk.client.send_audio(packet)
            await asyncio.sleep(0.03)
        asked_at = asyncio.get_running_loop().time()
        for packet in silence:
            await talk.client.send_audio(packet)
            await asyncio.sleep(0.03)
        await talk.until("conversation.chat.completed")
        heard = next(event for event in talk.events if event.type == TRANSCRIPT)
        audio = [event for event in talk.events if event.type == AUDIO]
    assert "capital of france" in heard.data["content"].lower()
    assert set(talk.types) - {"chat.created", "chat.updated"} == set(SUBSCRIBED) - {"conversation.chat.canceled"}
    assert {measuring.opus_packet_ms(event.audio) for event in audio} == {60.0}
    assert is_paced([event.at - asked_at for event in audio], 18, 1)
    sound = measuring.opus([event.audio for event in audio])
    assert 3 < measuring.sounding_s(sound, measuring.OPUS_RATE) < 8
    assert measuring.power_above_db(sound, measuring.OPUS_RATE, 9_000) < -35
    seconds = len(audio) * 0.06
    assert sum(len(event.audio) for event in audio) * 8 / seconds == pytest.approx(16_000, rel=0.4)


async def test_firmware_with_one_wrong_field_and_what_it_kept_from_elsewhere_is_answered(
    scripted_server: RunningServer, language_model: OpenAIStandIn
) -> None:
    """Format and mode hold beside a bad field, which alone is an error; all else that is odd here is harmless."""
    update = {
        "chat_config": {
            "conversation_id": "7526821722323025972",
            "extra_params": {"device": "lamp", "battery": 80},
            "custom_variables": {"user_name1": 7},
            "meta_data": {"firmware": 2.1, "beta": True},
        },
        "input_audio": DEVICE["input_audio"],
        "turn_detection": {"type": "server_vad", "interrupt_config": {"mode": "all"}},
        "asr_config": {"user_language": "zh-CN"},
        "voice_print_config": {"score": 300},
    }
    async with talking(scripted_server) as talk:
        await talk.client.send("chat.update", update)
        for packet in uploads.opus_packets(np.concatenate([question(), question() * 0]), 16000, 60):
            await talk.client.send_audio(packet)
            await asyncio.sleep(0.03)
        await talk.until("conversation.chat.completed")
    heard = next(event for event in talk.events if event.type == TRANSCRIPT)
    assert "capital of france" in heard.data["content"].lower()
    (error,) = [event for event in talk.events if event.type == "error"]
    assert (
        error.data["msg"] == "data.voice_print_config.score: 300 is not allowed; allowed: a whole number from 0 to 100"
    )
    assert talk.types.index("error") < talk.types.index("chat.updated")
