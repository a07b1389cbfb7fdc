import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.voiceprint.campplus import LONGEST_S, CamPlusPlusEncoder
from kouyu.engines.voiceprint.pause_removal import speech_only
from kouyu.weights.cache import folder
from tests.engines.conftest import Speak

pytestmark = pytest.mark.models

FOX = "The quick brown fox jumps over the lazy dog, and then it runs away."
WEATHER = "Tomorrow there will be some rain in the morning and sun later on."


@pytest.fixture
async def encoder() -> AsyncIterator[CamPlusPlusEncoder]:
    scheduler = Scheduler(workers=1)
    yield CamPlusPlusEncoder(scheduler, folder("campplus"))
    await scheduler.close()


async def test_a_voiceprint_has_length_one(encoder: CamPlusPlusEncoder, speak: Speak) -> None:
    voiceprint = await encoder.encode(speak(FOX))
    assert voiceprint.shape == (192,)
    assert np.linalg.norm(voiceprint) == pytest.approx(1.0, abs=1e-5)


async def test_one_voice_is_itself_whatever_it_says(encoder: CamPlusPlusEncoder, speak: Speak) -> None:
    fox, weather = speech_only(speak(FOX)), speech_only(speak(WEATHER))
    deeper = np.interp(np.arange(0, len(weather), 0.75), np.arange(len(weather)), weather).astype(np.float32)
    same, other = await asyncio.gather(encoder.encode(weather), encoder.encode(deeper))
    voiceprint = await encoder.encode(fox)
    fox_s = len(fox) / 16_000
    scores = [
        encoder.calibration.score(np.array(voiceprint @ heard, float), np.array(len(speech) / 16_000), np.array(fox_s))
        for heard, speech in ((same, weather), (other, deeper))
    ]
    assert scores[0] > 60
    assert scores[1] < 20


async def test_long_speech_is_computed_in_parts_and_stays_the_same_voice(
    encoder: CamPlusPlusEncoder, speak: Speak
) -> None:
    fox = speech_only(speak(FOX))
    long = np.resize(fox, (2 * LONGEST_S + 1) * 16_000)
    one, other = await encoder.encode(fox), await encoder.encode(long)
    assert one @ other > 0.9


@pytest.mark.parametrize("samples", [0, 16_000])
async def test_no_sound_is_an_error(encoder: CamPlusPlusEncoder, samples: int) -> None:
    with pytest.raises(EngineError, match="empty or silent"):
        await encoder.encode(np.zeros(samples, np.float32))


async def test_missing_weights_are_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    scheduler = Scheduler(workers=1)
    with pytest.raises(EngineUnavailable, match="kouyu models fetch campplus"):
        await CamPlusPlusEncoder(scheduler, tmp_path_factory.mktemp("none")).encode(np.ones(16_000, np.float32))
    await scheduler.close()
