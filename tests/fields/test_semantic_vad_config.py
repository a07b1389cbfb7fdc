"""data.turn_detection.semantic_vad_config: how long a silence ends the turn, by what was said before it."""

import asyncio

import numpy as np
import pytest

from tests.conversation.simulation import Engines, Simulation
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields.spoken import question, refusal, silence
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

WAIT_S = 1.0
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


async def pause(talk: Talk, silence_s: float, config: dict[str, int]) -> None:
    """Ask a question, with so much silence behind it and then nothing."""
    await talk.configure(turn_detection={"type": "semantic_vad", "semantic_vad_config": config})
    await talk.speak(np.concatenate((silence(0.5), np.trim_zeros(question()), silence(silence_s))), faster=4)


async def ends_turn(server: RunningServer, silence_s: float, **config: int) -> None:
    """This much silence behind the question is enough."""
    async with talking(server) as talk:
        await pause(talk, silence_s, config)
        await talk.until(STOPPED)


async def ends_no_turn(server: RunningServer, silence_s: float, **config: int) -> None:
    """It is not: a client that stops sending is silent only seconds later."""
    async with talking(server) as talk:
        await pause(talk, silence_s, config)
        await asyncio.sleep(WAIT_S)
        assert STOPPED not in talk.types


async def test_semantic_vad_config(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """After the same silence a turn is over that ends a question, and one is not that breaks off."""
    recogniser.text = FINISHED
    await ends_turn(measuring_server, 0.8, semantic_unfinished_wait_time_ms=2000)
    recogniser.text = UNFINISHED
    await ends_no_turn(measuring_server, 0.8, semantic_unfinished_wait_time_ms=2000)
    async with talking(measuring_server) as talk:
        shown = await talk.configure(turn_detection={"semantic_vad_config": {"silence_threshold_ms": 400}})
        expected = {"silence_threshold_ms": 400, "semantic_unfinished_wait_time_ms": 500}
        assert shown.data["turn_detection"]["semantic_vad_config"] == expected


async def test_silence_threshold_ms(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    """The silence after which a finished turn is judged, and over: exact in virtual time, and in 0.8 s of silence."""
    for threshold_ms in (256, 1024):
        waited = stops_after_ms(0.9, silence_threshold_ms=threshold_ms, semantic_unfinished_wait_time_ms=2000)
        assert threshold_ms <= waited <= threshold_ms + 64
    for threshold_ms, silence_shows in ((300, ends_turn), (1200, ends_no_turn)):
        config = {"silence_threshold_ms": threshold_ms, "semantic_unfinished_wait_time_ms": 2000}
        await silence_shows(measuring_server, 0.8, **config)
    async with talking(measuring_server) as talk:
        told = await refusal(talk, turn_detection={"semantic_vad_config": {"silence_threshold_ms": -1}})
        assert "silence_threshold_ms" in told


async def test_semantic_unfinished_wait_time_ms(
    measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    """The silence that ends a turn judged unfinished all the same: exact in virtual time, and in 0.8 s of silence."""
    for wait_ms in (512, 1984):
        waited = stops_after_ms(0.1, semantic_unfinished_wait_time_ms=wait_ms)
        assert wait_ms <= waited <= wait_ms + 32
    recogniser.text = UNFINISHED
    for wait_ms, silence_shows in ((600, ends_turn), (2000, ends_no_turn)):
        await silence_shows(measuring_server, 0.8, semantic_unfinished_wait_time_ms=wait_ms)
    async with talking(measuring_server) as talk:
        for wrong in (99, 2001):
            config = {"semantic_unfinished_wait_time_ms": wrong}
            assert "from 100 to 2000 ms" in await refusal(talk, turn_detection={"semantic_vad_config": config})
