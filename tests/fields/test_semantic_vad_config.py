"""data.turn_detection.semantic_vad_config: how long a silence ends the turn, by what was said before it."""

import asyncio

import numpy as np
import pytest

from tests.conversation.simulation import Engines, Simulation
from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields.spoken import question, refusal, silence
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

STOPPED = "input_audio_buffer.speech_stopped"
FINISHED = "What is the capital of France?"
UNFINISHED = "I would like to know what the"


def stops_after_ms(completeness: float, **config: int) -> float:
    """The silence that ends the turn, in virtual time; a judgement takes 30 ms."""
    talk = Simulation(Engines(completeness=completeness))
    talk.free_talk(type="semantic_vad", semantic_vad_config=config)
    talk.silence(512)
    talk.speak(1024)
    talk.silence(4096)
    return talk.time_of(STOPPED) * 1000 - 512 - 1024


async def turns(server: RunningServer, pause_s: float, **config: int) -> int:
    """Of how many turns a question is that is asked twice with a pause between."""
    speech = np.trim_zeros(question())
    twice = np.concatenate((silence(0.5), speech, silence(pause_s), speech, silence(3)))
    async with talking(server) as talk:
        await talk.configure(turn_detection={"type": "semantic_vad", "semantic_vad_config": config})
        await talk.client.stream(twice, faster=2)
        await talk.until(STOPPED)
        await asyncio.sleep(0.5)
        return talk.types.count(STOPPED)


async def test_semantic_vad_config(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """After the same pause a question that is finished ends the turn, and one that breaks off does not."""
    recogniser.text = FINISHED
    assert await turns(measuring_server, 1.0, semantic_unfinished_wait_time_ms=2000) == 2
    recogniser.text = UNFINISHED
    assert await turns(measuring_server, 1.0, semantic_unfinished_wait_time_ms=2000) == 1
    async with talking(measuring_server) as talk:
        shown = await talk.configure(turn_detection={"semantic_vad_config": {"silence_threshold_ms": 400}})
        expected = {"silence_threshold_ms": 400, "semantic_unfinished_wait_time_ms": 500}
        assert shown.data["turn_detection"]["semantic_vad_config"] == expected


async def test_silence_threshold_ms(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """The silence after which a finished turn is judged, and over: exact in virtual time, and as a pause of 0.8 s."""
    for threshold_ms in (256, 1024):
        waited = stops_after_ms(0.9, silence_threshold_ms=threshold_ms, semantic_unfinished_wait_time_ms=2000)
        assert threshold_ms <= waited <= threshold_ms + 64
    short, long = (
        turns(measuring_server, 0.8, silence_threshold_ms=threshold_ms, semantic_unfinished_wait_time_ms=2000)
        for threshold_ms in (300, 1200)
    )
    assert await asyncio.gather(short, long) == [2, 1]
    async with talking(measuring_server) as talk:
        told = await refusal(talk, turn_detection={"semantic_vad_config": {"silence_threshold_ms": -1}})
        assert "silence_threshold_ms" in told


async def test_semantic_unfinished_wait_time_ms(
    measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    """The silence that ends a turn judged unfinished all the same: exact in virtual time, and as a pause of 1 s."""
    for wait_ms in (512, 1984):
        waited = stops_after_ms(0.1, semantic_unfinished_wait_time_ms=wait_ms)
        assert wait_ms <= waited <= wait_ms + 32
    recogniser.text = UNFINISHED
    assert await turns(measuring_server, 1.0, semantic_unfinished_wait_time_ms=600) == 2
    async with talking(measuring_server) as talk:
        for wrong in (99, 2001):
            config = {"semantic_unfinished_wait_time_ms": wrong}
            assert "from 100 to 2000 ms" in await refusal(talk, turn_detection={"semantic_vad_config": config})
