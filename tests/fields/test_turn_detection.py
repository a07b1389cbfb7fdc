"""data.turn_detection: when a turn begins and ends, in the real audio of a question and exactly in virtual time."""

import numpy as np
import pytest

from kouyu.conversation.effects import Transcribe
from tests.conversation.simulation import Simulation
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import measuring
from tests.fields.spoken import TRANSCRIPT, question, refusal, silence
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

STARTED = "input_audio_buffer.speech_started"
STOPPED = "input_audio_buffer.speech_stopped"
COMPLETED = "input_audio_buffer.completed"
FASTER = 8.0


async def free_talk(talk: Talk, **turn_detection: object) -> None:
    await talk.configure(turn_detection={"type": "server_vad", **turn_detection})


async def test_turn_detection(measuring_server: RunningServer) -> None:
    """Merged key by key; a bad value changes nothing of it; what is being said goes on in push to talk."""
    async with talking(measuring_server) as talk:
        await free_talk(talk, silence_duration_ms=700)
        updated = await talk.configure(turn_detection={"prefix_padding_ms": 300})
        assert updated.data["turn_detection"]["type"] == "server_vad"
        assert updated.data["turn_detection"]["silence_duration_ms"] == 700
        told = await refusal(talk, turn_detection={"type": "client_interrupt", "silence_duration_ms": -1})
        assert "silence_duration_ms" in told
        await talk.speak(question(), faster=FASTER)
        await talk.until(STARTED)
        await talk.configure(turn_detection={"type": "client_interrupt"})
        await talk.until(STOPPED)
        assert TRANSCRIPT not in talk.types
        await talk.client.send("input_audio_buffer.complete")
        await talk.until(TRANSCRIPT)
        assert talk.types.count(STARTED) == 1
        await talk.client.send("conversation.chat.cancel")
    in_time = Simulation()
    in_time.free_talk(silence_duration_ms=1024)
    in_time.configure(turn_detection={"prefix_padding_ms": 320})
    in_time.silence(512)
    in_time.speak(1024)
    in_time.silence(2048)
    assert in_time.time_of(STOPPED) == pytest.approx(2.56, abs=0.001)


async def test_type(scripted_server: RunningServer) -> None:
    """Push to talk waits for ``complete`` and tells nothing of speech; in free talk the server hears begin and end."""
    async with talking(scripted_server) as talk:
        shown = (await talk.configure()).data["turn_detection"]
        assert shown["type"] == "client_interrupt"
        await talk.speak(np.concatenate((question(), silence(1.5))), faster=FASTER)
        await talk.client.send("input_audio_buffer.complete")
        assert "capital of france" in (await talk.until(TRANSCRIPT)).data["content"].lower()
        told = [kind for kind in talk.types if kind in (STARTED, STOPPED, COMPLETED, TRANSCRIPT)]
        assert told == [COMPLETED, TRANSCRIPT]
        for kind in ("server_vad", "semantic_vad"):
            count = talk.types.count(TRANSCRIPT) + 1
            await talk.client.send("conversation.chat.cancel")
            await free_talk(talk, type=kind)
            await talk.speak(np.concatenate((question(), silence(1.5))), faster=FASTER)
            assert "capital of france" in (await talk.until(TRANSCRIPT, count=count)).data["content"].lower()
            assert talk.types.count(STARTED) == talk.types.count(STOPPED) == count - 1
        assert "client_interrupt, server_vad, semantic_vad" in await refusal(talk, turn_detection={"type": "none"})


async def test_prefix_padding_ms(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """How much of the audio before the first speech the recogniser gets."""
    led = np.concatenate((silence(1.5), question(), silence(1)))
    leads = {}
    async with talking(measuring_server) as talk:
        for padding_ms in (0, 600, 1200):
            count = talk.types.count(TRANSCRIPT) + 1
            await free_talk(talk, prefix_padding_ms=padding_ms)
            await talk.speak(led, faster=FASTER)
            transcript = (await talk.until(TRANSCRIPT, count=count)).data["content"]
            leads[padding_ms] = measuring.silence_before_s(recogniser.behind(transcript).audio, 16_000)
            await talk.client.send("conversation.chat.cancel")
        assert "prefix_padding_ms" in await refusal(talk, turn_detection={"prefix_padding_ms": -1})
    assert leads[0] < 0.1
    assert leads[600] - leads[0] == pytest.approx(0.6, abs=0.1)
    assert leads[1200] - leads[0] == pytest.approx(1.2, abs=0.1)
    for padding_ms in (0, 320):
        in_time = Simulation()
        in_time.free_talk(prefix_padding_ms=padding_ms)
        in_time.silence(960)
        in_time.speak(960)
        in_time.silence(960)
        final = [order for order in in_time.all(Transcribe) if order.final]
        assert final[-1].start == (960 - padding_ms) * 16


async def test_silence_duration_ms(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """A pause of 0.7 s inside parts two turns at 400 ms and none at 1200 ms; exact in virtual time."""
    for duration_ms in (256, 1024):
        in_time = Simulation()
        in_time.free_talk(silence_duration_ms=duration_ms)
        in_time.silence(512)
        in_time.speak(1024)
        in_time.silence(2048)
        assert in_time.time_of(STOPPED) == pytest.approx((512 + 1024 + duration_ms) / 1000, abs=0.001)
    speech = np.trim_zeros(question())
    twice = np.concatenate((silence(0.5), speech, silence(0.7), speech, silence(2)))
    async with talking(measuring_server) as talk:
        for duration_ms, turns in ((400, 2), (1200, 1)):
            before = len(talk.events)
            await free_talk(talk, silence_duration_ms=duration_ms)
            await talk.speak(twice, faster=FASTER)
            last = await talk.until(TRANSCRIPT, count=talk.types[:before].count(TRANSCRIPT) + turns)
            assert talk.types[before:].count(STARTED) == talk.types[before:].count(STOPPED) == turns
            heard = recogniser.behind(last.data["content"]).audio
            with_the_pause = measuring.sounding_s(heard, 16_000) > 1.5 * len(speech) / 16_000
            assert with_the_pause == (turns == 1)
            await talk.client.send("conversation.chat.cancel")
        assert "silence_duration_ms" in await refusal(talk, turn_detection={"silence_duration_ms": 10_001})
