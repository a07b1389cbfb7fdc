"""``kouyu serve --workers 2`` with engines: one process has them, and what happens when that is killed; bots and chats
across workers; settings read anew; and how all processes end."""

# ruff: noqa: ASYNC110, ASYNC240 - what other processes do is waited for

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from kouyu.audio.wav import read_listening_audio
from kouyu.diagnostics.child_processes import children_of
from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import START_S, RunningServer, running_server
from tests.end_to_end.test_remote_engines import CANNOT, FAILED, say
from tests.standins.openai_server import Hang, OpenAIStandIn, Pace, Say, ToolCallScript, call_tools

pytestmark = pytest.mark.models

CONFIG = """
[engines]
tts = ["hibari"]

[server]
drain_s = 300

[limits]
stopped_sending_grace_ms = 60000  # a turn ends when its test says so

[[bots]]
id = "scripted"
prompt = "{prompt}"
{more}
tools = [{{type = "function", function = {{name = "weather", parameters = {{type = "object"}}}}}}]
[bots.model]
base_url = "{model}"
model = "scripted"
"""
ENGINES = "kouyu.engine_server.child"
WEATHER = ToolCallScript("weather", '{"city": "Paris"}')


def config(model: OpenAIStandIn, prompt: str = "Be brief.", more: str = "") -> str:
    return CONFIG.format(prompt=prompt, more=more, model=model.base_url)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, language_model: OpenAIStandIn) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("workers")
    with running_server(folder, "--workers", "2", config=config(language_model)) as started:
        yield started


class Rest:
    """Requests to one worker, or to whichever takes the connection."""

    def __init__(self, server: RunningServer, address: str = "") -> None:
        self._http = httpx.AsyncClient(
            base_url=address or server.http,
            headers={"Authorization": f"Bearer {server.token}"},
            trust_env=False,
            timeout=START_S,
        )

    async def post(self, path: str, body: Any, **query: str) -> Any:
        async with self._http as http:
            answer = (await http.post(path, json=body, params=query)).json()
        assert answer["code"] == 0, answer
        return answer["data"]

    async def get(self, path: str, **query: str) -> httpx.Response:
        async with self._http as http:
            return await http.get(path, params=query)


def workers(server: RunningServer) -> list[str]:
    """The addresses of the workers for each other."""
    with closing(sqlite3.connect(server.folder / "data" / "kouyu.db")) as database:
        return [each for (each,) in database.execute("SELECT address FROM servers WHERE address != '' ORDER BY number")]


async def status(server: RunningServer, holds: Callable[[Any], bool] = lambda status: True) -> Any:
    """The status, once it meets a condition."""
    async with asyncio.timeout(START_S):
        while not holds(found := (await Rest(server).get("/v1/kouyu/status")).json()["data"]):
            await asyncio.sleep(0.05)
    return found


def process(status: Any, role: str) -> Any:
    return next(each for each in status["processes"] if each["role"] == role)


async def until_a_chat_is(server: RunningServer, which: dict[str, str], wanted: str) -> None:
    async with asyncio.timeout(START_S):
        while (await Rest(server).get("/v3/chat/retrieve", **which)).json()["data"]["status"] != wanted:
            await asyncio.sleep(0.05)


def question(bot_id: str, text: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": text, "content_type": "text"}]
    return {"bot_id": bot_id, "user_id": "u", "additional_messages": messages}


async def begun(server: RunningServer, address: str, bot_id: str, text: str) -> dict[str, str]:
    """A chat that one worker has begun, as requests name it."""
    chat = await Rest(server, address).post("/v3/chat", question(bot_id, text))
    return {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}


async def test_a_bot_published_through_one_worker_is_used_by_every_other_next(
    server: RunningServer, language_model: OpenAIStandIn
) -> None:
    first, second = workers(server)
    made = await Rest(server, first).post("/v1/bot/create", {"space_id": "1", "name": "Ann"})
    for number in range(5):
        prompt = f"You are number {number}."
        for by, other in ((first, second), (second, first)):
            change = {"bot_id": made["bot_id"], "prompt_info": {"prompt": f"{prompt} {by}"}}
            await Rest(server, by).post("/v1/bot/update", change)
            await Rest(server, by).post("/v1/bot/publish", {"bot_id": made["bot_id"], "connector_ids": ["1024"]})
            await until_a_chat_is(server, await begun(server, other, made["bot_id"], "Who are you?"), "completed")
            assert f"{prompt} {by}" in str(language_model.requests[-1].messages[0])


async def test_a_chat_is_cancelled_and_its_tools_answered_through_another_worker(
    server: RunningServer, language_model: OpenAIStandIn
) -> None:
    first, second = workers(server)
    asked = len(language_model.requests)
    language_model.will(Hang())
    which = await begun(server, first, "scripted", "Wait for ever")
    async with asyncio.timeout(START_S):
        while len(language_model.requests) == asked:
            await asyncio.sleep(0.02)
    assert (await Rest(server, second).post("/v3/chat/cancel", which))["status"] == "canceled"
    language_model.will(call_tools(WEATHER), Say("It is sunny."))
    which = await begun(server, first, "scripted", "How is the weather?")
    await until_a_chat_is(server, which, "requires_action")
    outputs = {"tool_outputs": [{"tool_call_id": WEATHER.id, "output": "sunny"}]}
    await Rest(server, second).post("/v3/chat/submit_tool_outputs", outputs, **which)
    await until_a_chat_is(server, which, "completed")


def engines_of(server: RunningServer) -> int | None:
    """The id of the process of the engines, found without asking the server."""
    for child in children_of(server.pid):
        try:
            if ENGINES.encode() in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
        except OSError:
            continue
    return None


def frozen_next(server: RunningServer, killed: int) -> int:
    """Freeze the next process of the engines as soon as it is there, before it can have loaded anything."""
    deadline = time.monotonic() + START_S
    while (found := engines_of(server)) in (killed, None):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    assert found is not None
    os.kill(found, signal.SIGSTOP)
    return found


async def test_turns_fail_while_the_engines_are_gone_and_health_says_so_until_they_are_back(
    server: RunningServer, language_model: OpenAIStandIn, questions: Path
) -> None:
    asked = read_listening_audio(questions / "en-capital.wav")
    answer = Say("The capital of France is Paris.")
    async with talking(server) as talk:
        await talk.configure(turn_detection={"type": "client_interrupt"})
        language_model.will(answer)
        whole, speech = await say(talk, asked)
        assert ("capital" in whole, len(speech) > 10_000) == (True, True)
        await talk.until_silent()
        before = await status(server)
        assert process(before, "engines")["scheduler"]["workers"] >= 1
        text = (await Rest(server).get("/metrics")).text
        assert "\nkouyu_engine_workers " in text
        assert 'kouyu_child_process_resident_memory_bytes{process="engines"}' in text
        # It is killed in the middle of a turn: its work cannot end before.
        killed = process(before, "engines")["pid"]
        assert killed == engines_of(server)
        os.kill(killed, signal.SIGSTOP)
        await talk.speak(asked, faster=10)
        await talk.client.send("input_audio_buffer.complete")
        os.kill(killed, signal.SIGKILL)
        frozen = await asyncio.to_thread(frozen_next, server, killed)
        assert (await talk.until(FAILED)).data["last_error"]["msg"] == CANNOT
        for address in workers(server):
            health = await Rest(server, address).get("/health")
            assert (health.status_code, "is being started again" in health.json()["engines"]) == (200, True)
            ready = await Rest(server, address).get("/health/ready")
            assert (ready.status_code, "engines" in ready.json()["checks"]["engines"]) == (503, True)
        now = process(await status(server), "engines")
        assert (now["state"], now["restarts"], now["pid"]) == ("starting", 1, frozen)
        assert now["last_end"] == "it was ended by signal 9 (Killed)"
        os.kill(frozen, signal.SIGCONT)
        async with asyncio.timeout(START_S):
            while (await Rest(server).get("/health/ready")).json()["checks"]["engines"] != "ok":
                await asyncio.sleep(0.05)
        language_model.will(answer)
        assert (await say(talk, asked))[0] == whole
    assert process(await status(server), "engines")["state"] == "running"


async def test_settings_that_cannot_be_met_change_no_worker_and_good_ones_change_all(
    server: RunningServer, language_model: OpenAIStandIn
) -> None:
    def follow(text: str) -> None:
        (server.folder / "kouyu.toml").write_text(text)
        os.kill(server.pid, signal.SIGHUP)

    async def until_said(what: str) -> None:
        async with asyncio.timeout(START_S):
            while what not in server.log():
                await asyncio.sleep(0.05)

    follow(config(language_model, "Nobody", more='voice_id = "nobody"'))
    await until_said("not read anew, and stay as they were: bots, scripted: voice_id: there is no voice")
    follow(config(language_model) + '[[bots]]\nid = "embedded"\n')
    await until_said("which worker processes share and which no bot needed when the server was started")
    # A worker that is started now has what the others have.
    killed = process(await status(server), "worker")["pid"]
    os.kill(killed, signal.SIGKILL)

    def is_back(found: Any) -> bool:
        worker = process(found, "worker")
        return bool(worker["pid"] not in (killed, None) and worker["state"] == "running")

    await status(server, is_back)
    follow(config(language_model, "You are new."))
    async with asyncio.timeout(START_S):
        for address in workers(server):
            while True:
                await until_a_chat_is(server, await begun(server, address, "scripted", "Hello"), "completed")
                if "You are new." in str(language_model.requests[-1].messages[0]):
                    break


async def test_sigterm_lets_a_spoken_turn_end_and_leaves_no_process(
    server: RunningServer, language_model: OpenAIStandIn
) -> None:
    processes = [each["pid"] for each in (await status(server))["processes"]]
    assert engines_of(server) in processes
    async with talking(server) as talk, talking(server) as idle:
        await talk.configure()
        await idle.configure()
        slowly = Pace(between_s=1.0)
        language_model.will(Say("The first sentence is here. ", "And this is the second one.", pace=slowly))
        await talk.write("Speak")
        await talk.until("conversation.message.delta")
        os.kill(server.pid, signal.SIGTERM)
        async with asyncio.timeout(START_S):
            await idle.client.ended()
        await talk.until("conversation.chat.completed")
        assert "second one" in talk.answers()[-1]
        assert len(talk.audio()) > 10_000
        async with asyncio.timeout(START_S):
            await talk.client.ended()
        assert talk.client.close_code == idle.client.close_code == 1001
    assert await asyncio.to_thread(server.process.wait, START_S) == 0
    assert not [each for each in processes if Path(f"/proc/{each}").exists()]
