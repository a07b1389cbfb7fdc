import logging
from dataclasses import dataclass, field

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.inputs import SpeechProbability
from kouyu.session.target_speaker import TargetSpeaker
from kouyu.session.target_voice import LEARNT_FROM_S, EnrolledVoice, TargetVoice
from tests.session.voices import ANN, BOB, CHUNK, QUIET, LevelEncoder, sound, voiceprint

LEARNT = round(LEARNT_FROM_S * 16_000 / CHUNK) + 1


@dataclass
class Room:
    """What is said in it, and what comes of it."""

    enrolled: EnrolledVoice | None = None
    encoder: LevelEncoder = field(default_factory=LevelEncoder)
    timeline: AudioTimeline = field(default_factory=lambda: AudioTimeline(60))
    heard: list[SpeechProbability] = field(default_factory=list)

    def __post_init__(self) -> None:
        voice = TargetVoice(self.encoder, self.enrolled)
        self.target = TargetSpeaker(voice, timeline=self.timeline, position=0, report=self.heard.append)

    async def hear(self, who: float, chunks: int) -> "Room":
        for _ in range(chunks):
            self.timeline.append(sound(who, 1))
            await self.target.judge(SpeechProbability(self.timeline.end, 0.95 if who else 0.01))
        return self

    @property
    def speech(self) -> Samples:
        """The level of the audio where speech was heard."""
        ends = [judged.end for judged in self.heard if judged.probability > 0.5]
        return np.array([self.timeline.slice(end - CHUNK, end)[0] for end in ends])


ENROLLED = EnrolledVoice(voiceprint(ANN), 8.0)


async def test_an_enrolled_voice_is_heard_alone_from_the_first_word() -> None:
    room = Room(ENROLLED)
    await room.hear(BOB, 60)
    await room.hear(QUIET, 10)
    await room.hear(ANN, 60)
    assert len(room.speech) == 60
    assert (room.speech == ANN).all()


async def test_what_somebody_else_said_is_silent_in_the_audio() -> None:
    room = Room(ENROLLED)
    await room.hear(ANN, 40)
    await room.hear(QUIET, 10)
    await room.hear(BOB, 60)
    await room.hear(QUIET, 10)
    audio = room.timeline.slice(0, room.timeline.end)
    assert np.array_equal(np.flatnonzero(audio), np.arange(40 * CHUNK))


async def test_whoever_speaks_first_is_heard_at_once_and_from_then_on_alone() -> None:
    room = Room()
    await room.hear(ANN, LEARNT)
    assert len(room.heard) == LEARNT
    await room.hear(QUIET, 10)
    await room.hear(BOB, 60)
    await room.hear(QUIET, 10)
    await room.hear(ANN, 30)
    assert (room.speech == ANN).all()
    assert len(room.speech) == LEARNT + 30


async def test_everybody_is_heard_until_there_has_been_enough_speech_to_know_somebody_by() -> None:
    room = Room()
    await room.hear(ANN, LEARNT // 3)
    await room.hear(QUIET, 10)
    await room.hear(BOB, LEARNT // 3)
    await room.hear(QUIET, 10)
    assert len(room.speech) == LEARNT // 3 * 2


async def test_who_speaks_first_is_learnt_though_somebody_else_says_more_next() -> None:
    """A first sentence of 1.5 s is too short to know somebody by; a stranger's 3.4 s behind it are not learnt."""
    room = Room()
    await room.hear(ANN, 47)
    await room.hear(QUIET, 20)
    await room.hear(BOB, 106)
    await room.hear(QUIET, 20)
    for _ in range(2):
        await room.hear(ANN, 60)
        await room.hear(QUIET, 20)
    assert len(room.speech) == 47 + 106 + 120
    await room.hear(BOB, 106)
    await room.hear(QUIET, 20)
    await room.hear(ANN, 60)
    assert (room.speech[47 + 106 :] == ANN).all()
    assert len(room.speech) == 47 + 106 + 180


async def test_a_voice_that_was_learnt_gets_better_with_more_of_its_speech_and_with_nobody_elses() -> None:
    room = Room()
    await room.hear(ANN, LEARNT)
    await room.hear(QUIET, 10)
    await room.hear(BOB, 100)
    await room.hear(QUIET, 10)
    await room.hear(ANN, 100)
    learnt = max(room.encoder.encoded, key=len)
    assert len(learnt) > (LEARNT + 50) * CHUNK
    assert (learnt == ANN).all()


async def test_an_enrolled_voice_stays_as_it_was_enrolled() -> None:
    room = Room(ENROLLED)
    await room.hear(ANN, 300)
    assert max(map(len, room.encoder.encoded)) <= 1.6 * 16_000


async def test_without_more_audio_what_is_held_back_is_decided_by_what_there_is() -> None:
    for who in (ANN, BOB):
        room = Room(ENROLLED)
        await room.hear(who, 6)
        held_back = room.target.holding
        await room.target.finish()
        assert (held_back, room.target.holding) == (True, False)
        assert len(room.heard) == 6
        assert len(room.speech) == (6 if who == ANN else 0)


async def test_an_encoder_that_fails_silences_nobody_and_is_noted_once(caplog: pytest.LogCaptureFixture) -> None:
    room = Room(ENROLLED)
    room.encoder.broken = True
    with caplog.at_level(logging.WARNING):
        await room.hear(BOB, 60)
        await room.hear(QUIET, 10)
        await room.hear(BOB, 60)
    assert len(room.speech) == 120
    assert len(caplog.records) == 1


async def test_noise_lowers_the_similarity_needed_for_a_voice_enrolled_in_quiet() -> None:
    speech = np.concatenate([sound(ANN, 30), sound(BOB, 20)])
    voice = TargetVoice(LevelEncoder(), ENROLLED)
    in_quiet, in_noise = [await voice.lead(speech, clearness_db) for clearness_db in (60.0, 15.0)]
    assert in_quiet is not None
    assert in_noise is not None
    assert in_noise > in_quiet + 0.1
