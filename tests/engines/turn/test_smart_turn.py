from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.turn.smart_turn import PAUSE_SAMPLES, SmartTurn, features, with_short_pause
from kouyu.weights.cache import folder

Speak = Callable[[str], NDArray[np.float32]]


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(workers=1)
    yield scheduler
    await scheduler.close()


def rising_tone() -> NDArray[np.float32]:
    """1.5 s that swells and fades six times."""
    time = np.arange(24_000) / SPEECH_RATE
    swelling = np.abs(np.sin(2 * np.pi * 3 * time))
    return (0.3 * np.sin(2 * np.pi * (200 + 1000 * time) * time) * swelling).astype(np.float32)


def noisy(audio: NDArray[np.float32], decibels: float) -> NDArray[np.float32]:
    noise = np.random.default_rng(0).normal(0, 10 ** (decibels / 20), len(audio))
    return (audio + noise).astype(np.float32)


async def test_missing_weights_name_the_command_that_helps(tmp_path: Path, scheduler: Scheduler) -> None:
    with pytest.raises(EngineUnavailable, match="kouyu models fetch smart-turn"):
        await SmartTurn.load(scheduler, tmp_path)


def test_the_features_are_those_of_whispers_own_extractor() -> None:
    """The numbers come from transformers 5: WhisperFeatureExtractor(chunk_length=8), do_normalize=True."""
    found = features(rising_tone())
    assert found.shape == (80, 800)
    assert found.dtype == np.float32
    assert found[10, 660] == pytest.approx(1.8997, abs=1e-3)
    assert found[20, 700] == pytest.approx(0.2466, abs=1e-3)
    assert found[40, 720] == pytest.approx(1.1117, abs=1e-3)
    assert found[0, 0] == pytest.approx(-0.0825, abs=1e-3)
    assert found.mean() == pytest.approx(-0.0558, abs=1e-3)


def test_loudness_does_not_matter_and_only_the_last_eight_seconds_do() -> None:
    audio = noisy(np.tile(rising_tone(), 8), -50)
    assert features(audio * 0.1) == pytest.approx(features(audio), abs=1e-2)
    assert np.array_equal(features(audio), features(audio[-8 * SPEECH_RATE :]))


@pytest.mark.parametrize("noise_decibels", [-90, -65, -50])
def test_of_a_long_pause_the_same_is_left_as_of_a_short_one(noise_decibels: float) -> None:
    speech = rising_tone()
    ends = []
    for seconds in (0.3, 0.6, 2.0):
        audio = noisy(np.pad(speech, (0, int(seconds * SPEECH_RATE))), noise_decibels)
        ends.append(len(with_short_pause(audio)))
    assert max(ends) - min(ends) <= 640
    assert len(speech) - 1600 < min(ends)
    assert max(ends) <= len(speech) + PAUSE_SAMPLES


def test_a_pause_that_is_short_already_stays() -> None:
    audio = noisy(np.pad(rising_tone(), (0, PAUSE_SAMPLES // 2)), -65)
    assert len(with_short_pause(audio)) == len(audio)


def test_in_noise_as_loud_as_the_speech_nothing_is_taken_off() -> None:
    audio = noisy(np.pad(rising_tone(), (0, SPEECH_RATE)), -25)
    assert len(with_short_pause(audio)) == len(audio)


def test_nothing_and_silence_alone_stay_as_they_are() -> None:
    assert len(with_short_pause(np.zeros(0, np.float32))) == 0
    assert len(with_short_pause(np.zeros(SPEECH_RATE, np.float32))) == SPEECH_RATE
    assert np.isfinite(features(np.zeros(SPEECH_RATE, np.float32))).all()


@pytest.mark.models
async def test_the_length_of_the_pause_does_not_change_the_score(scheduler: Scheduler, speak: Speak) -> None:
    model = await SmartTurn.load(scheduler, folder("smart-turn"))
    speech = speak("How many people live in Shanghai?")
    votes = [
        await model.completeness(noisy(np.pad(speech, (0, int(seconds * SPEECH_RATE))), -70)) for seconds in (0.4, 1, 3)
    ]
    assert max(votes) - min(votes) < 0.1
    assert min(votes) > 0.5


@pytest.mark.models
async def test_audio_of_any_length_gets_a_probability(scheduler: Scheduler) -> None:
    model = await SmartTurn.load(scheduler, folder("smart-turn"))
    for samples in (0, 1, 100, SPEECH_RATE, 20 * SPEECH_RATE):
        assert 0.0 <= await model.completeness(np.zeros(samples, np.float32)) <= 1.0
