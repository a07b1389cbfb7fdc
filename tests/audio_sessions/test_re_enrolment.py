import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from kouyu.audio.wav import encode_wav
from kouyu.audio_sessions.re_enrolment import re_enrol
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.voiceprint.calibration import Calibration
from kouyu.engines.voiceprint.engine import Voiceprint
from kouyu.engines.voiceprint.resemblyzer import CALIBRATION
from kouyu.engines.work import Priority
from kouyu.store.store import Store
from kouyu.store.voiceprint_writes import Enrolment
from kouyu.store.voiceprints import KnownVoice

OLD = np.eye(1, 256, dtype=np.float32)[0]


@dataclass
class Encoder:
    """Makes voiceprints of two numbers; fails on speech that is as long as ``fails_at`` samples, or always."""

    model: str = "new-1"
    calibration: Calibration = CALIBRATION
    fails_at: int = -1
    missing: bool = False
    priorities: list[Priority] = field(default_factory=list)

    async def encode(self, speech: Samples, priority: Priority = Priority.FINAL) -> Voiceprint:
        self.priorities.append(priority)
        if self.missing:
            raise EngineUnavailable("no weights; try: kouyu models fetch new")
        if len(speech) == self.fails_at:
            raise EngineError("the audio is silent")
        made: Voiceprint = np.array([0.6, 0.8], np.float32)
        return made

    async def close(self) -> None:
        pass


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(tmp_path / "kouyu.db") as opened:
        yield opened


def enrolment(*, model: str = "old-1", samples: int = 16_000, kept: bool = True) -> Enrolment:
    speech = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    audio = encode_wav(speech, 16_000) if kept else None
    return Enrolment(model=model, vector=OLD.tobytes(), speech_ms=samples // 16, audio=audio)


async def family(store: Store, *enrolments: Enrolment) -> tuple[str, list[str]]:
    """A group with these speakers; its id and theirs."""
    group_id = await store.of("").voiceprints.create_group("family", creator_id="t")
    speakers = [await store.of("").voiceprints.enrol(group_id, "ann", one, creator_id="t") for one in enrolments]
    return group_id, speakers


async def voice(store: Store, feature_id: str) -> KnownVoice:
    found = await store.of("").voiceprints.voice(feature_id)
    assert found is not None
    return found


async def test_voiceprints_of_another_encoder_are_made_anew_from_their_recordings(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    group_id, (ann,) = await family(store, enrolment())
    encoder = Encoder()
    await re_enrol(store.outdated_voiceprints, encoder)
    made = await voice(store, ann)
    assert (made.model, made.speech_ms) == ("new-1", 1000)
    assert np.frombuffer(made.vector, "<f4").tolist() == pytest.approx([0.6, 0.8])
    assert await store.of("").voiceprints.audio(group_id, ann) == enrolment().audio
    assert encoder.priorities == [Priority.BATCH]
    assert "making 1 voiceprints anew with new-1" in caplog.text
    await re_enrol(store.outdated_voiceprints, encoder)
    assert len(encoder.priorities) == 1


async def test_without_a_recording_a_voiceprint_stays_and_the_log_tells_what_to_do(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    _, (ann,) = await family(store, enrolment(kept=False))
    await re_enrol(store.outdated_voiceprints, Encoder())
    assert (await voice(store, ann)).model == "old-1"
    assert "1 voiceprints of old-1 have no recording" in caplog.text
    assert "enrolled again" in caplog.text
    assert ann in caplog.text


async def test_a_recording_that_cannot_be_used_keeps_none_of_the_others_back(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Enrolment(model="old-1", vector=OLD.tobytes(), speech_ms=1000, audio=b"RIFF")
    _, (first, second, third) = await family(store, broken, enrolment(samples=8_000), enrolment())
    await re_enrol(store.outdated_voiceprints, Encoder(fails_at=8_000))
    assert [(await voice(store, one)).model for one in (first, second, third)] == ["old-1", "old-1", "new-1"]
    assert "2 voiceprints of old-1 could not be made anew" in caplog.text


async def test_an_encoder_without_weights_is_asked_once_and_changes_nothing(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    _, speakers = await family(store, enrolment(), enrolment())
    encoder = Encoder(missing=True)
    await re_enrol(store.outdated_voiceprints, encoder)
    assert len(encoder.priorities) == 1
    assert {(await voice(store, one)).model for one in speakers} == {"old-1"}
    assert "kouyu models fetch new" in caplog.text


async def test_who_is_enrolled_again_or_deleted_meanwhile_is_left_alone(store: Store) -> None:
    group_id, (ann, bob) = await family(store, enrolment(), enrolment())
    outdated = await store.outdated_voiceprints.of_others_than("new-1")
    again = enrolment(model="new-1")
    await store.of("").voiceprints.change(group_id, ann, enrolment=again)
    await store.of("").voiceprints.delete(group_id, bob)
    for one in outdated:
        assert not await store.outdated_voiceprints.replace(one, model="new-1", vector=b"\0" * 8)
    assert (await voice(store, ann)).vector == again.vector
    assert await store.of("").voiceprints.voice(bob) is None


async def test_a_voiceprint_that_was_replaced_is_on_the_disk_no_more(store: Store, tmp_path: Path) -> None:
    vector = np.random.default_rng(5).normal(size=256).astype("<f4").tobytes()
    old = Enrolment(model="old-1", vector=vector, speech_ms=1000, audio=enrolment().audio)
    await family(store, old)

    def on_disk() -> bool:
        return any(vector[:200] in file.read_bytes() for file in tmp_path.iterdir())

    assert on_disk()
    await re_enrol(store.outdated_voiceprints, Encoder())
    assert not on_disk()
