"""Recognition of speaker, gender and emotion beside the transcript: it costs nothing if not requested, and never holds
a turn up."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.conversation.effects import Transcribe
from kouyu.domain.configuration import AsrConfig, Configuration, VoicePrintConfig
from kouyu.domain.user_voice import Gender, UserEmotion, UserVoice
from kouyu.domain.voice_print import VoicePrint
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.voiceprint.calibration import Calibration
from kouyu.engines.voiceprint.engine import Voiceprint
from kouyu.engines.voiceprint.resemblyzer import CALIBRATION
from kouyu.session.turn_voice import TurnVoice
from kouyu.store.store import Store
from kouyu.store.voiceprint_writes import Enrolment
from kouyu.store.voiceprints import Voiceprints

SPEECH = np.random.default_rng(0).normal(scale=0.1, size=48_000).astype(np.float32)
VOICE: Voiceprint = np.eye(1, 8, dtype=np.float32)[0]


@dataclass
class Encoder:
    """Hears the same voice in everything, after a while, or fails."""

    delay_s: float = 0.0
    error: Exception | None = None
    calls: int = 0
    model: str = "test-1"
    calibration: Calibration = CALIBRATION

    async def encode(self, speech: Samples, priority: Priority = Priority.FINAL) -> Voiceprint:
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error
        return VOICE

    async def close(self) -> None:
        pass


@pytest.fixture
async def store(tmp_path: Any) -> Any:
    async with await Store.open(tmp_path / "kouyu.db") as opened:
        yield opened


async def group_with_ann(store: Store, model: str = "test-1") -> str:
    group_id = await store.of("").voiceprints.create_group("family", creator_id="t")
    ann = Enrolment(model=model, vector=VOICE.tobytes(), speech_ms=5000)
    await store.of("").voiceprints.enrol(group_id, "ann", ann, creator_id="t", description="mother")
    return group_id


async def speaker(
    store: Store,
    encoder: Encoder,
    *,
    group_id: str | None,
    final: bool = True,
    speech: Samples = SPEECH,
    latest_s: float = 60.0,
) -> VoicePrint | None:
    listening = TurnVoice(
        speaker_encoder=encoder,
        voiceprints=store.of("").voiceprints,
        gender_recognizer=Listener(),
        emotion_recognizer=None,
        latest_s=latest_s,
    )
    configuration = Configuration(voice_print_config=VoicePrintConfig(group_id=group_id))
    async with listening.hearing(Transcribe(1, 0, len(speech), final, configuration), speech) as heard:
        return (await heard()).voice_print


async def test_the_speaker_of_the_group_is_found(store: Store) -> None:
    found = await speaker(store, Encoder(), group_id=await group_with_ann(store))
    assert found is not None
    assert (found.feature_name, found.feature_desc) == ("ann", "mother")
    assert found.score > 90


async def test_without_a_group_and_for_interim_transcripts_nothing_is_done(store: Store) -> None:
    encoder = Encoder()
    assert await speaker(store, encoder, group_id=None) is None
    assert await speaker(store, encoder, group_id=await group_with_ann(store), final=False) is None
    assert encoder.calls == 0


@pytest.mark.parametrize("speech", [SPEECH[:4000], np.zeros(48_000, np.float32), SPEECH[:0]])
async def test_too_little_speech_is_nobodys(store: Store, speech: Samples) -> None:
    assert await speaker(store, Encoder(), group_id=await group_with_ann(store), speech=speech) is None


async def test_voiceprints_of_another_encoder_are_not_compared(store: Store) -> None:
    assert await speaker(store, Encoder(), group_id=await group_with_ann(store, model="older")) is None


@pytest.mark.parametrize("error", [EngineError("broken"), ZeroDivisionError()])
async def test_a_turn_continues_without_a_speaker_where_the_encoder_fails(store: Store, error: Exception) -> None:
    assert await speaker(store, Encoder(error=error), group_id=await group_with_ann(store)) is None


async def test_a_turn_does_not_wait_for_a_slow_encoder(store: Store) -> None:
    async with asyncio.timeout(60):
        group_id = await group_with_ann(store)
        assert await speaker(store, Encoder(delay_s=3600), group_id=group_id, latest_s=0.01) is None


@dataclass
class Listener:
    """Hears a sad woman in everything, or fails."""

    delay_s: float = 0.0
    error: Exception | None = None
    calls: int = 0

    async def gender(self, speech: Samples) -> Gender | None:
        await self._listen()
        return "female"

    async def emotion(self, speech: Samples, priority: Priority = Priority.FINAL) -> UserEmotion | None:
        await self._listen()
        return "sad"

    async def close(self) -> None:
        pass

    async def _listen(self) -> None:
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            raise self.error


async def voice(gender: Listener, emotion: Listener, *, final: bool = True, **asked: Any) -> UserVoice:
    listening = TurnVoice(
        speaker_encoder=None,
        voiceprints=cast(Voiceprints, None),
        gender_recognizer=gender,
        emotion_recognizer=emotion,
        latest_s=0.3,
    )
    order = Transcribe(1, 0, len(SPEECH), final, Configuration(asr_config=AsrConfig(**asked)))
    async with listening.hearing(order, SPEECH) as heard:
        return await heard()


async def test_gender_and_emotion_are_found_where_they_are_asked_for() -> None:
    gender, emotion = Listener(), Listener()
    assert await voice(gender, emotion) == UserVoice()
    assert await voice(gender, emotion, enable_gender=True, enable_emotion=True, final=False) == UserVoice()
    assert (gender.calls, emotion.calls) == (0, 0)
    assert await voice(gender, emotion, enable_gender=True) == UserVoice(gender="female")
    assert await voice(gender, emotion, enable_emotion=True) == UserVoice(emotion="sad")
    assert (gender.calls, emotion.calls) == (1, 1)


async def test_what_fails_or_is_slow_takes_nothing_else_with_it() -> None:
    async with asyncio.timeout(60):
        for faulty in (Listener(error=EngineError("broken")), Listener(error=KeyError()), Listener(delay_s=3600)):
            heard = await voice(Listener(), faulty, enable_gender=True, enable_emotion=True)
            assert heard == UserVoice(gender="female")
