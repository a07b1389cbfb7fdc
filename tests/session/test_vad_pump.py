import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kouyu.audio.pcm import Samples
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.inputs import SpeechProbability
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.session.target_speaker import TargetSpeaker
from kouyu.session.target_voice import EnrolledVoice, TargetVoice
from kouyu.session.vad_pump import VadPump
from tests.session.voices import ANN, BOB, CHUNK, QUIET, LevelEncoder, LevelVoiceActivity, sound, voiceprint


class PumpedAudio:
    """A session's hearing with what it reports."""

    def __init__(self, detector: VoiceActivityDetector, stopped_sending_grace_ms: int = 700) -> None:
        self.heard: list[SpeechProbability] = []
        self.pump = VadPump(detector, self.heard.append, stopped_sending_grace_ms=stopped_sending_grace_ms)
        self.timeline = AudioTimeline(60)
        self._encoder = LevelEncoder()

    def put(self, samples: Samples) -> None:
        self.timeline.append(samples)
        self.pump.put(samples)

    def hear_only(self, who: float) -> None:
        voice = TargetVoice(self._encoder, EnrolledVoice(voiceprint(who), 8.0))

        def opened(position: int) -> TargetSpeaker:
            return TargetSpeaker(voice, timeline=self.timeline, position=position, report=self.heard.append)

        self.pump.hear_only(opened)

    @property
    def speech(self) -> list[int]:
        """The chunks in which speech was heard."""
        return [judged.end // CHUNK - 1 for judged in self.heard if judged.probability > 0.5]

    async def until_heard(self, chunks: int) -> None:
        async with asyncio.timeout(10):
            while len(self.heard) < chunks:  # noqa: ASYNC110 - what is waited for happens in the task under test
                await asyncio.sleep(0.005)
        assert [judged.end for judged in self.heard] == [(at + 1) * CHUNK for at in range(chunks)]


@pytest.fixture
async def audio() -> AsyncIterator[PumpedAudio]:
    async with pumping() as made:
        yield made


@asynccontextmanager
async def pumping(stopped_sending_grace_ms: int = 700) -> AsyncIterator[PumpedAudio]:
    detector = VoiceActivityDetector(LevelVoiceActivity())
    made = PumpedAudio(detector, stopped_sending_grace_ms)
    running = asyncio.create_task(made.pump.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    made.pump.close()
    await detector.close()


async def test_everybody_is_heard_unless_asked_otherwise(audio: PumpedAudio) -> None:
    audio.put(sound(BOB, 5))
    audio.put(sound(QUIET, 5))
    await audio.until_heard(10)
    assert audio.speech == [0, 1, 2, 3, 4]


async def test_one_speaker_may_be_heard_alone_and_then_everybody_again(audio: PumpedAudio) -> None:
    audio.put(sound(BOB, 10))
    await audio.until_heard(10)
    audio.hear_only(ANN)
    audio.put(sound(BOB, 60))
    audio.put(sound(QUIET, 10))
    audio.put(sound(ANN, 20))
    audio.put(sound(QUIET, 10))
    await audio.until_heard(110)
    audio.pump.hear_only(None)
    audio.put(sound(BOB, 10))
    await audio.until_heard(120)
    assert audio.speech == [*range(10), *range(80, 100), *range(110, 120)]


async def test_what_is_held_back_when_everybody_is_to_be_heard_again_is_decided(audio: PumpedAudio) -> None:
    audio.hear_only(ANN)
    audio.put(sound(ANN, 8))
    async with asyncio.timeout(10):
        while audio.pump._judged < 8 * CHUNK:  # noqa: ASYNC110 - what is waited for happens in the task under test
            await asyncio.sleep(0)
    assert audio.heard == []
    audio.pump.hear_only(None)
    await audio.until_heard(8)
    assert len(audio.speech) == 8


async def test_a_completed_buffer_is_decided_without_more_audio(audio: PumpedAudio) -> None:
    audio.hear_only(ANN)
    audio.put(sound(ANN, 8))
    audio.pump.complete()
    await audio.until_heard(8)
    audio.put(sound(BOB, 8))
    audio.pump.complete()
    await audio.until_heard(16)
    assert audio.speech == [*range(8)]


async def test_buffers_that_come_faster_than_they_are_judged_are_decided_one_by_one(audio: PumpedAudio) -> None:
    audio.hear_only(ANN)
    for who in (BOB, ANN, BOB):
        audio.put(sound(who, 8))
        audio.pump.complete()
    await audio.until_heard(24)
    # Judged together the three would be one stretch of speech.
    assert audio.speech == [*range(8, 16)]


async def test_a_client_that_stops_sending_is_not_waited_for() -> None:
    async with pumping(stopped_sending_grace_ms=50) as audio:
        audio.hear_only(ANN)
        audio.put(sound(ANN, 8))
        await audio.until_heard(8)
        assert len(audio.speech) == 8


async def test_what_a_result_leads_to_may_fail_and_ends_this_session_alone() -> None:
    def broken(_: SpeechProbability) -> None:
        raise OSError("nobody reads")

    detector = VoiceActivityDetector(LevelVoiceActivity())
    pump = VadPump(detector, broken, stopped_sending_grace_ms=700)
    running = asyncio.create_task(pump.run())
    await asyncio.sleep(0)
    other = PumpedAudio(detector)
    others = asyncio.create_task(other.pump.run())
    pump.put(sound(BOB, 5))
    other.put(sound(BOB, 5))
    with pytest.raises(OSError, match="nobody reads"):
        await running
    await other.until_heard(5)
    others.cancel()
    await asyncio.gather(others, return_exceptions=True)
    await detector.close()
