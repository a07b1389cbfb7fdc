import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.voiceprint.resemblyzer import ResemblyzerEncoder
from kouyu.weights.cache import folder
from tests.engines.conftest import Speak

pytestmark = pytest.mark.models


@pytest.fixture
async def encoder() -> AsyncIterator[ResemblyzerEncoder]:
    scheduler = Scheduler(workers=1)
    yield ResemblyzerEncoder(scheduler, folder("voiceprint"))
    await scheduler.close()


async def test_a_voiceprint_has_length_one(encoder: ResemblyzerEncoder, speak: Speak) -> None:
    voiceprint = await encoder.encode(speak("The quick brown fox jumps over the lazy dog."))
    assert voiceprint.shape == (256,)
    assert np.linalg.norm(voiceprint) == pytest.approx(1.0, abs=1e-5)


async def test_one_voice_is_itself_whatever_it_says(encoder: ResemblyzerEncoder, speak: Speak) -> None:
    fox = speak("The quick brown fox jumps over the lazy dog, and then it runs away.")
    weather = speak("Tomorrow there will be some rain in the morning and sun later on.")
    deeper = np.interp(np.arange(0, len(weather), 0.75), np.arange(len(weather)), weather).astype(np.float32)
    same, other = await asyncio.gather(encoder.encode(weather), encoder.encode(deeper))
    voiceprint = await encoder.encode(fox)
    assert voiceprint @ same > 0.85
    assert voiceprint @ other < 0.75


@pytest.mark.parametrize("samples", [0, 16_000])
async def test_no_sound_is_an_error(encoder: ResemblyzerEncoder, samples: int) -> None:
    with pytest.raises(EngineError, match="empty or silent"):
        await encoder.encode(np.zeros(samples, np.float32))
