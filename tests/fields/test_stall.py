"""A network that stalls in the middle of a sentence, then lets everything go at once."""

import numpy as np
import pytest

from kouyu.domain.speech_rate import SPEECH_RATE
from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields.spoken import TRANSCRIPT, question, silence
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

STARTED = "input_audio_buffer.speech_started"
STOPPED = "input_audio_buffer.speech_stopped"
COMPLETED = "conversation.chat.completed"


async def test_a_stall_in_mid_sentence_is_one_question(
    measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    said = np.tile(np.trim_zeros(question()), 8)
    # What comes before the beginning is recognised belongs to the same question.
    recogniser.holds_answers = True
    async with talking(measuring_server) as talk:
        await talk.configure(turn_detection={"type": "server_vad", "silence_duration_ms": 500})
        await talk.speak(said[:SPEECH_RATE], faster=1.0)
        await talk.until(STOPPED)
        # Of a longer speech than the stall was, so that the audio has caught up before it ends.
        await talk.speak(said[SPEECH_RATE:], faster=20.0)
        await talk.until(STARTED, count=2)
        await talk.speak(silence(2), faster=4.0)
        recogniser.holds_answers = False
        await talk.until(COMPLETED)
        (answered,) = [event.data["content"] for event in talk.events if event.type == TRANSCRIPT]
        assert len(recogniser.behind(answered).audio) > 0.8 * len(said)
