"""Who speaks: the group that is searched, the score that counts, and what holds where nobody is recognised."""

import json
from typing import Any

import numpy as np
import pytest

from kouyu.client.voice_client import Event
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer
from tests.fields import uploads
from tests.fields.enrolling import enrolled
from tests.fields.spoken import MESSAGE, TRANSCRIPT, push, recording, refusal
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

JOE, JOE_TOO, ANOTHER_VOICE = "en-story", "en-sky", "zh-capital"


@pytest.fixture
async def people(measuring_server: RunningServer) -> tuple[str, str]:
    """A group with one speaker, and that feature's id."""
    return await enrolled(measuring_server, np.concatenate([recording(JOE), recording("en-help")]))


async def speakers(talk: Talk, *names: str) -> list[dict[str, Any] | None]:
    """Push recordings one after the other; whom the transcripts name."""
    before = talk.types.count(TRANSCRIPT)
    for name in names:
        await push(talk, uploads.pcm(recording(name)))
    transcripts = [event for event in talk.events if event.type == TRANSCRIPT]
    return [event.data.get("voice_print") for event in transcripts[before:]]


async def refused(server: RunningServer, path: str, **config: Any) -> None:
    async with talking(server) as talk:
        assert path in await refusal(talk, **config)


async def test_voice_print_config(
    measuring_server: RunningServer, recogniser: RecognitionStandIn, people: tuple[str, str]
) -> None:
    group, feature = people
    async with talking(measuring_server, workflow_id="told") as talk:
        shown = await talk.configure(voice_print_config={"group_id": group})
        assert shown.data["voice_print_config"] == {"group_id": group, "score": 40, "reuse_voice_info": False}
        done = talk.types.count(MESSAGE)
        for piece in uploads.pcm(recording(JOE_TOO)):
            await talk.client.send_audio(piece)
        await talk.client.send("input_audio_buffer.complete")
        question: Event = await talk.until(MESSAGE, count=done + 1)
        await talk.until(MESSAGE, count=done + 2)
        known = json.loads(talk.answers()[0])["_voice_print"]
        transcript = await talk.until(TRANSCRIPT)
    assert (known["group_id"], known["feature_id"], known["feature_name"]) == (group, feature, "Joe")
    assert transcript.data["voice_print"] == known
    assert question.data["meta_data"]["voice_print_feature_id"] == feature
    await refused(measuring_server, "data.voice_print_config", voice_print_config="7")


async def test_group_id(
    measuring_server: RunningServer, recogniser: RecognitionStandIn, people: tuple[str, str]
) -> None:
    group, feature = people
    async with talking(measuring_server) as talk:
        assert await speakers(talk, JOE_TOO) == [None]
        await talk.configure(voice_print_config={"group_id": group})
        known, unknown = await speakers(talk, JOE_TOO, ANOTHER_VOICE)
        assert known is not None
        assert (known["group_id"], known["feature_id"]) == (group, feature)
        assert unknown is None
        await talk.configure(voice_print_config={"group_id": "no such group"})
        assert await speakers(talk, JOE_TOO) == [None]
        await talk.configure(voice_print_config={"group_id": ""})
        assert await speakers(talk, JOE_TOO) == [None]
    await refused(measuring_server, "data.voice_print_config.group_id", voice_print_config={"group_id": 7})


async def test_score(measuring_server: RunningServer, recogniser: RecognitionStandIn, people: tuple[str, str]) -> None:
    async with talking(measuring_server) as talk:
        await talk.configure(voice_print_config={"group_id": people[0]})
        (known,) = await speakers(talk, JOE_TOO)
        assert known is not None
        assert 40 <= known["score"] < 100
        await talk.configure(voice_print_config={"score": 100})
        assert await speakers(talk, JOE_TOO) == [None]
        await talk.configure(voice_print_config={"score": 0})
        (likeliest,) = await speakers(talk, ANOTHER_VOICE)
        assert likeliest is not None
        assert likeliest["score"] < 40
    for wrong in (-1, 101, "40"):
        await refused(measuring_server, "data.voice_print_config.score", voice_print_config={"score": wrong})


async def test_reuse_voice_info(
    measuring_server: RunningServer, recogniser: RecognitionStandIn, people: tuple[str, str]
) -> None:
    async with talking(measuring_server) as talk:
        await talk.configure(voice_print_config={"group_id": people[0], "reuse_voice_info": True})
        before, match, reused = await speakers(talk, ANOTHER_VOICE, JOE_TOO, ANOTHER_VOICE)
        assert before is None
        assert match is not None
        assert reused == match
        await talk.configure(voice_print_config={"reuse_voice_info": False})
        assert await speakers(talk, ANOTHER_VOICE) == [None]
    wrong = {"reuse_voice_info": 1}
    await refused(measuring_server, "data.voice_print_config.reuse_voice_info", voice_print_config=wrong)
