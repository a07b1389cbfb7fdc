"""A network that stalls in the middle of a sentence, then lets everything go at once."""

import asyncio

import numpy as np
import pytest

from kouyu.protocol.speech_rate import SPEECH_RATE
from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields.spoken import TRANSCRIPT, question, silence
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

STOPPED = "input_audio_buffer.speech_stopped"
COMPLETED = "conversation.chat.completed"


async def test_a_stall_in_mid_sentence_is_one_question(
    measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    said = question()
    half = len(said) // 2
    async with talking(measuring_server) as talk:
        await talk.configure(turn_detection={"type": "server_vad", "silence_duration_ms": 500})
        await talk.client.stream(said[:half], faster=1.0)
        stalled_at = asyncio.get_running_loop().time()
        await talk.until(STOPPED)
        stalled_s = asyncio.get_running_loop().time() - stalled_at
        held_up = np.concatenate([said[half:], silence(10)])[: round(stalled_s * SPEECH_RATE)]
        await talk.client.stream(held_up, faster=1000.0)
        await talk.client.stream(silence(2), faster=1.0)
        await talk.until(COMPLETED)
        assert talk.types.count(COMPLETED) == 1
        assert talk.types.count(TRANSCRIPT) in (1, 2)  # the first half may have been recognised already
        answered = [event.data["content"] for event in talk.events if event.type == TRANSCRIPT][-1]
        assert len(recogniser.behind(answered).audio) > 0.8 * len(said)
