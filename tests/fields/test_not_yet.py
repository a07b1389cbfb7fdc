"""Fields that are accepted, checked and shown, and have no effect yet: voiceprints."""

from typing import Any

import numpy as np
import pytest

from kouyu.audio.pcm import Samples
from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import uploads
from tests.fields.spoken import push, question, refusal
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models


async def heard_with(server: RunningServer, recogniser: RecognitionStandIn, config: dict[str, Any]) -> Samples:
    """What reaches the recogniser of a question in noise, under this configuration."""
    noise = np.random.default_rng(7).normal(0, 0.01, len(question())).astype(np.float32)
    async with talking(server) as talk:
        shown = await talk.configure(**config)
        for name, fields in config.items():
            assert shown.data[name] | fields == shown.data[name]
        await push(talk, uploads.pcm(question() + noise))
    return recogniser.heard[-1].audio


async def changes_nothing(server: RunningServer, recogniser: RecognitionStandIn, **config: Any) -> None:
    """The recogniser gets the same audio, sample for sample."""
    plain = await heard_with(server, recogniser, {})
    assert np.array_equal(plain, await heard_with(server, recogniser, config))


async def refused(server: RunningServer, path: str, **config: Any) -> None:
    async with talking(server) as talk:
        assert path in await refusal(talk, **config)


async def test_voice_print_config(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    await changes_nothing(measuring_server, recogniser, voice_print_config={"group_id": "7", "score": 90})
    await refused(measuring_server, "data.voice_print_config", voice_print_config="7")


async def test_group_id(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    await changes_nothing(measuring_server, recogniser, voice_print_config={"group_id": "7"})
    await refused(measuring_server, "data.voice_print_config.group_id", voice_print_config={"group_id": 7})


async def test_score(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    await changes_nothing(measuring_server, recogniser, voice_print_config={"score": 100})
    for wrong in (-1, 101, "40"):
        await refused(measuring_server, "data.voice_print_config.score", voice_print_config={"score": wrong})


async def test_reuse_voice_info(measuring_server: RunningServer, recogniser: RecognitionStandIn) -> None:
    await changes_nothing(measuring_server, recogniser, voice_print_config={"reuse_voice_info": True})
    wrong = {"reuse_voice_info": 1}
    await refused(measuring_server, "data.voice_print_config.reuse_voice_info", voice_print_config=wrong)
