"""Engines on Ray Serve (deploy/ray_serve.py), reached over its HAProxy: ``make test-ray``."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import msgspec
import pytest

from deploy.cluster.ray_head import START_S, TOKEN, RunningRay, running_ray
from kouyu.audio.pcm import Samples
from kouyu.audio.wav import read_listening_audio
from kouyu.engines.remote.wire import DESCRIPTION_PATH, Description
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_engines import REMOTE
from tests.end_to_end.running_server import RunningServer, running_server
from tests.standins.openai_server import OpenAIStandIn

pytestmark = [pytest.mark.ray, pytest.mark.models]

TRANSCRIPT = "conversation.audio_transcript.completed"
ENDS = ("conversation.chat.completed", "conversation.chat.failed")
ENGINES = """
[engines]
tts = ["hibari"]
voiceprint = "campplus"
workers = 1
"""
CANNOT = "speech recognition failed: the remote engines cannot be reached"


@pytest.fixture(scope="module")
def ray() -> Iterator[RunningRay]:
    with running_ray(ENGINES) as running:
        yield running


@pytest.fixture(scope="module")
def server(
    ray: RunningRay, tmp_path_factory: pytest.TempPathFactory, language_model: OpenAIStandIn
) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server"), config=config_of(ray, language_model)) as running:
        yield running


@pytest.fixture(scope="module")
def question(questions: Path) -> Samples:
    return read_listening_audio(questions / "en-capital.wav")


def config_of(ray: RunningRay, language_model: OpenAIStandIn, more: str = "") -> str:
    more = f'token = "{TOKEN}"\n{more}'
    return REMOTE.format(urls=msgspec.json.encode(ray.urls).decode(), more=more, model=language_model.base_url)


async def say(talk: Talk, samples: Samples) -> tuple[str, bool]:
    """A question in push to talk: its transcript, and whether the answer was spoken."""
    spoken, ended = len(talk.audio()), sum(talk.types.count(end) for end in ENDS)
    heard = talk.types.count(TRANSCRIPT)
    await talk.speak(samples, faster=10)
    await talk.client.send("input_audio_buffer.complete")
    end = await talk.until(*ENDS, count=ended + 1)
    assert end.type == ENDS[0], end.data
    transcript = await talk.until(TRANSCRIPT, count=heard + 1)
    return transcript.data["content"], len(talk.audio()) - spoken > 24_000


async def test_a_turn_is_heard_and_answered_by_replicas_behind_the_ingress(
    server: RunningServer, question: Samples
) -> None:
    async with talking(server) as talk:
        await talk.configure(turn_detection={"type": "client_interrupt"})
        assert await say(talk, question) == ("What is the capital of France?", True)


async def test_a_turn_completes_when_a_replica_is_killed_in_the_middle_of_what_the_user_says(
    ray: RunningRay, server: RunningServer, question: Samples
) -> None:
    """Each of the two replicas once, so that it is also the one that has the audio."""
    middle = len(question) // 2
    async with talking(server) as talk:
        await talk.configure(turn_detection={"type": "client_interrupt"})
        for replica in ray.replicas("recognition"):
            await until_two_answer(ray)
            await talk.speak(question[:middle], faster=10)
            os.kill(replica, signal.SIGKILL)
            assert await say(talk, question[middle:]) == ("What is the capital of France?", True)
            await talk.until_silent()


async def test_every_turn_is_answered_while_the_replicas_are_replaced(
    ray: RunningRay, server: RunningServer, question: Samples
) -> None:
    await until_two_answer(ray)
    before = {*ray.replicas("recognition"), *ray.replicas("speech")}
    assert len(before) == 4
    turns = 0
    async with talking(server) as talk:
        await talk.configure(turn_detection={"type": "client_interrupt"})
        update = asyncio.create_task(asyncio.to_thread(ray.deploy))
        while not update.done() or before & {*ray.replicas("recognition"), *ray.replicas("speech")}:
            assert await say(talk, question) == ("What is the capital of France?", True)
            await talk.until_silent()
            turns += 1
        await update
    assert turns > 1


async def test_load_brings_a_replica_and_idleness_removes_it_while_every_turn_is_answered(
    ray: RunningRay, server: RunningServer, question: Samples
) -> None:
    await asyncio.to_thread(ray.deploy, "--min-replicas=1", "--idle-s=5")
    async with AsyncExitStack() as stack:
        talks = [await stack.enter_async_context(talking(server)) for _ in range(8)]
        for talk in talks:
            await talk.configure(turn_detection={"type": "client_interrupt"})

        async def turn(talk: Talk) -> None:
            assert await say(talk, question) == ("What is the capital of France?", True)
            await talk.until_silent()

        async with asyncio.timeout(START_S):
            while len(ray.replicas("recognition")) > 1:
                await turn(talks[0])
            both = asyncio.create_task(until_two_answer(ray))
            while not both.done():
                await asyncio.gather(*(turn(talk) for talk in talks))
            await both
            while len(ray.replicas("recognition")) > 1:
                await turn(talks[0])
        await turn(talks[0])


async def test_without_the_head_turns_say_why_they_fail_or_embedded_engines_work_and_then_replicas_again(
    ray: RunningRay, server: RunningServer, question: Samples, tmp_path: Path, language_model: OpenAIStandIn
) -> None:
    config = config_of(ray, language_model, "fallback = true")
    with running_server(tmp_path, config=config) as falling_back:
        async with talking(server) as talk, talking(falling_back) as other:
            for each in (talk, other):
                await each.configure(turn_detection={"type": "client_interrupt"})
                assert await say(each, question) == ("What is the capital of France?", True)
                await each.until_silent()
            await asyncio.to_thread(ray.kill)
            assert await say(other, question) == ("What is the capital of France?", True)
            await talk.speak(question, faster=10)
            await talk.client.send("input_audio_buffer.complete")
            failed = await talk.until("conversation.chat.failed")
            assert failed.data["last_error"]["msg"] == CANNOT
            answered = server.log().count("answers again (asr)")
            await asyncio.to_thread(ray.start)
            async with asyncio.timeout(START_S):
                while server.log().count("answers again (asr)") == answered:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.05)
            assert await say(talk, question) == ("What is the capital of France?", True)


async def until_two_answer(ray: RunningRay) -> None:
    """Wait until both replicas that recognise have answered over the ingress."""
    processes: set[str] = set()
    async with asyncio.timeout(START_S), httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        while len(processes) < 2 or len(ray.replicas("recognition")) < 2:
            answer = await client.get(ray.urls[0] + DESCRIPTION_PATH)
            if answer.is_success:
                processes.add(msgspec.json.decode(answer.content, type=Description).process)
            await asyncio.sleep(0.05)
