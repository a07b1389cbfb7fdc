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


class UserAudio:
    """A session's hearing with what it reports."""

    def __init__(self, detector: VoiceActivityDetector, stopped_sending_grace_ms: int = 700) -> None:
        self.heard: list[SpeechProbability] = []
        self.hearing = VadPump(detector, self.heard.append, stopped_sending_grace_ms=stopped_sending_grace_ms)
        self.timeline = AudioTimeline(60)
        self._encoder = LevelEncoder()

    def put(self, samples: Samples) -> None:
        self.timeline.append(samples)
        self.hearing.put(samples)

    def hear_only(self, who: float) -> None:
        voice = TargetVoice(self._encoder, EnrolledVoice(voiceprint(who), 8.0))

        def opened(position: int) -> TargetSpeaker:
            return TargetSpeaker(voice, timeline=self.timeline, position=position, report=self.heard.append)

        self.hearing.hear_only(opened)

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
async def ear() -> AsyncIterator[UserAudio]:
    async with listening() as made:
        yield made


@asynccontextmanager
async def listening(stopped_sending_grace_ms: int = 700) -> AsyncIterator[UserAudio]:
    detector = VoiceActivityDetector(LevelVoiceActivity())
    made = UserAudio(detector, stopped_sending_grace_ms)
    running = asyncio.create_task(made.hearing.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    made.hearing.close()
    await detector.close()


async def test_everybody_is_heard_unless_asked_otherwise(ear: UserAudio) -> None:
    ear.put(sound(BOB, 5))
    ear.put(sound(QUIET, 5))
    await ear.until_heard(10)
    assert ear.speech == [0, 1, 2, 3, 4]


async def test_one_speaker_may_be_heard_alone_and_then_everybody_again(ear: UserAudio) -> None:
    ear.put(sound(BOB, 10))
    await ear.until_heard(10)
    ear.hear_only(ANN)
    ear.put(sound(BOB, 60))
    ear.put(sound(QUIET, 10))
    ear.put(sound(ANN, 20))
    ear.put(sound(QUIET, 10))
    await ear.until_heard(110)
    ear.hearing.hear_only(None)
    ear.put(sound(BOB, 10))
    await ear.until_heard(120)
    assert ear.speech == [*range(10), *range(80, 100), *range(110, 120)]


async def test_what_is_held_back_when_everybody_is_to_be_heard_again_is_decided(ear: UserAudio) -> None:
    ear.hear_only(ANN)
    ear.put(sound(ANN, 8))
    async with asyncio.timeout(10):
        while ear.hearing._judged < 8 * CHUNK:  # noqa: ASYNC110 - what is waited for happens in the task under test
            await asyncio.sleep(0)
    assert ear.heard == []
    ear.hearing.hear_only(None)
    await ear.until_heard(8)
    assert len(ear.speech) == 8


async def test_a_completed_buffer_is_decided_without_more_audio(ear: UserAudio) -> None:
    ear.hear_only(ANN)
    ear.put(sound(ANN, 8))
    ear.hearing.complete()
    await ear.until_heard(8)
    ear.put(sound(BOB, 8))
    ear.hearing.complete()
    await ear.until_heard(16)
    assert ear.speech == [*range(8)]


async def test_buffers_that_come_faster_than_they_are_judged_are_decided_one_by_one(ear: UserAudio) -> None:
    ear.hear_only(ANN)
    for who in (BOB, ANN, BOB):
        ear.put(sound(who, 8))
        ear.hearing.complete()
    await ear.until_heard(24)
    # Judged together the three would be one stretch of speech.
    assert ear.speech == [*range(8, 16)]


async def test_a_client_that_stops_sending_is_not_waited_for() -> None:
    async with listening(stopped_sending_grace_ms=50) as ear:
        ear.hear_only(ANN)
        ear.put(sound(ANN, 8))
        await ear.until_heard(8)
        assert len(ear.speech) == 8
