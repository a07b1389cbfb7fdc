"""A server whose engines run in other processes, and what it does when these are killed."""

import asyncio
from pathlib import Path

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kouyu.audio.pcm import Samples
from kouyu.audio.wav import read_listening_audio
from kouyu.weights import cache, catalogue
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_engines import REMOTE, RunningEngines, running_engines
from tests.end_to_end.running_server import START_S, RunningServer, running_server
from tests.standins.openai_server import OpenAIStandIn, Say

pytestmark = pytest.mark.models

SAY_AGAIN = "conversation.audio_transcript.completed"
FAILED = "conversation.chat.failed"
CANNOT = "speech recognition failed: the remote engines cannot be reached"


async def say(talk: Talk, samples: Samples) -> tuple[str, Samples]:
    """A question in push to talk: its transcript, and the speech of the answer."""
    before, count = len(talk.audio()), talk.types.count(SAY_AGAIN) + 1
    await talk.speak(samples, faster=10)
    await talk.client.send("input_audio_buffer.complete")
    ended = talk.types.count("conversation.chat.completed") + 1
    transcript = await talk.until(SAY_AGAIN, count=count)
    await talk.until("conversation.chat.completed", count=ended)
    return transcript.data["content"], np.frombuffer(talk.audio()[before:], "<i2").astype(np.float32)


async def requests(engines: RunningEngines, kind: str, outcome: str = "done") -> float:
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{engines.url}/metrics")).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "kouyu_engine_requests_total" and sample.labels == {"kind": kind, "outcome": outcome}
    )


async def test_a_spoken_turn_is_the_same_as_with_embedded_engines_and_the_server_needs_no_weights(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scripted_server: RunningServer,
    language_model: OpenAIStandIn,
    questions: Path,
) -> None:
    question = read_listening_audio(questions / "en-capital.wav")
    answer = Say("The capital of France is Paris. ", "It lies on the Seine.")
    socket = tmp_path / "engines.sock"
    with running_engines(tmp_path / "engines", "--unix", str(socket)) as engines:
        silero = catalogue.find("silero-vad")
        (tmp_path / "weights").mkdir()
        (tmp_path / "weights" / silero.name).symlink_to(cache.place(silero), target_is_directory=True)
        monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path / "weights"))
        config = REMOTE.format(urls=[engines.url], more="", model=language_model.base_url)
        heard = []
        with running_server(tmp_path / "server", config=config) as remote:
            for server in (scripted_server, remote):
                language_model.will(answer)
                async with talking(server) as talk:
                    await talk.configure(turn_detection={"type": "client_interrupt"})
                    heard.append(await say(talk, question))
            (here, spoken_here), (there, spoken_there) = heard
            assert there == here
            assert len(spoken_there) == len(spoken_here) > 24_000
            assert np.abs(spoken_there - spoken_here).max() <= 1
            assert remote.log().count("WARNING") == 0
        assert engines.stop() == 0
    assert not socket.exists()


async def test_turns_complete_while_a_process_is_killed_and_again_after_all_were(
    tmp_path: Path, language_model: OpenAIStandIn, questions: Path
) -> None:
    question = read_listening_audio(questions / "en-capital.wav")
    with running_engines(tmp_path / "one") as one, running_engines(tmp_path / "two") as two:
        config = REMOTE.format(urls=[one.url, two.url], more="", model=language_model.base_url)
        with running_server(tmp_path / "server", config=config) as server:
            async with talking(server) as talk:
                await talk.configure(turn_detection={"type": "client_interrupt"})
                whole, _ = await say(talk, question)
                assert "capital" in whole
                await talk.until_silent()
                began = await requests(one, "asr") + await requests(one, "asr", "cancelled")
                await talk.speak(question[: len(question) // 2], faster=10)
                one.kill()
                transcript, speech = await say(talk, question[len(question) // 2 :])
                assert (transcript, len(speech) > 24_000, began > 0) == (whole, True, True)
                await talk.until_silent()
                two.kill()
                await talk.speak(question, faster=10)
                await talk.client.send("input_audio_buffer.complete")
                failed = await talk.until(FAILED)
                assert failed.data["last_error"]["msg"] == CANNOT
                port = one.url.rpartition(":")[2]
                with running_engines(tmp_path / "again", "--port", port):
                    await until_engines_answer_again(server)
                    transcript, speech = await say(talk, question)
                    assert (transcript, len(speech) > 24_000) == (whole, True)


async def until_engines_answer_again(server: RunningServer) -> None:
    """Wait until the server has noticed it."""
    async with asyncio.timeout(START_S):
        while "answers again (asr)" not in server.log():  # noqa: ASYNC110 - said by another process
            await asyncio.sleep(0.05)
