"""A spoken turn as it is seen from outside, on a server with all its engines; and its sound, heard again."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from kouyu.audio.wav import read_listening_audio
from tests.arrivals import PATIENCE_S
from tests.end_to_end.conversing import Talk, talking
from tests.end_to_end.running_server import RunningServer

pytestmark = pytest.mark.models


@asynccontextmanager
async def watching(server: RunningServer) -> AsyncIterator[ClientConnection]:
    url = server.http.replace("http", "ws", 1) + "/v1/diagnostics?events=true"
    async with connect(url, additional_headers={"Authorization": f"Bearer {server.token}"}) as connection:
        yield connection


async def facts_until(connection: ClientConnection, last: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while not found or found[-1]["type"] != last:
            found.append(json.loads(await connection.recv())["fact"])
    return found


async def ask_aloud(talk: Talk, questions: Path) -> None:
    samples = read_listening_audio(questions / "en-capital.wav")
    await talk.configure(turn_detection={"type": "server_vad"})
    await talk.speak(samples)
    microphone = asyncio.create_task(talk.client.stream_silence())
    await talk.until("conversation.chat.completed")
    microphone.cancel()


async def test_a_spoken_turn_is_seen_and_kept(scripted_server: RunningServer, questions: Path) -> None:
    async with watching(scripted_server) as connection:
        before = (await get(scripted_server, "/v1/kouyu/status")).json()["data"]["kept_audio"]["files"]
        async with talking(scripted_server) as talk:
            await ask_aloud(talk, questions)
            facts = await facts_until(connection, "turn.ended")
            check_facts(facts, talk)
            check_events(facts, talk)
            await check_export(scripted_server, facts)
        await facts_until(connection, "session.ended")
    await check_sound(scripted_server, talk, before)


def check_facts(facts: list[dict[str, Any]], talk: Talk) -> None:
    """They tell what the client was told, on one axis, and the stages add up to it."""
    by_type: dict[str, list[dict[str, Any]]] = {}
    for fact in facts:
        by_type.setdefault(fact["type"], []).append(fact)
    assert by_type["turn.started"][0]["cause"] == "speech"
    transcript = next(e.data["content"] for e in talk.events if e.type == "conversation.audio_transcript.completed")
    assert by_type["transcript.ready"][-1]["text"] == transcript
    assert [fact["status"] for fact in by_type["chat"]] == ["created", "completed"]
    assert sum(fact["packets"] for fact in by_type["audio.sent"]) == talk.types.count("conversation.audio.delta")
    assert any(peak > 0.05 for fact in by_type["user.audio"] for peak in fact["peaks"])
    assert any(probability > 0.9 for fact in by_type["user.voice"] for probability in fact["probabilities"])
    began, ended = by_type["speech.started"][0], by_type["speech.ended"][0]
    assert began["from_ms"] < began["at_ms"] < ended["to_ms"] < ended["at_ms"]
    stages = by_type["turn.ended"][0]["stages"]
    assert stages["total"] == pytest.approx(by_type["audio.sent"][0]["at_ms"] - ended["to_ms"], abs=1)
    assert stages["silence"] == pytest.approx(ended["silence_ms"], abs=1)


def check_events(facts: list[dict[str, Any]], talk: Talk) -> None:
    """The messages are those that the client sent and got, in their order, without the audio."""
    received = [fact for fact in facts if fact["type"] == "event.received"]
    sent = [fact for fact in facts if fact["type"] == "event.sent"]
    assert received[0]["event"]["event_type"] == "chat.update"
    assert sum(fact["audio_bytes"] for fact in received) > 32_000
    assert [fact["event"]["event_type"] for fact in sent] == talk.types[: len(sent)]
    assert max(len(json.dumps(fact["event"])) for fact in received + sent) < 10_000


async def check_export(server: RunningServer, facts: list[dict[str, Any]]) -> None:
    log_id = facts[0]["log_id"]
    answer = await get(server, f"/v1/diagnostics/turns?log_id={log_id}&turn=1")
    turn = answer.json()["data"]
    own = [fact for fact in facts if fact["turn"] == 1]
    assert [fact for fact in turn["facts"] if fact["turn"] == 1] == own
    assert "user.audio" in {fact["type"] for fact in turn["facts"]}


async def check_sound(server: RunningServer, talk: Talk, before: int) -> None:
    """Question and answer can be heard again, until the conversation is deleted."""
    said = [event.data for event in talk.events if event.type == "conversation.message.completed"]
    messages = {message["type"]: message for message in said if message["type"] in ("question", "answer")}
    conversation_id = messages["question"]["conversation_id"]
    where = f"conversation_id={conversation_id}"
    listed = (await get(server, f"/v1/kouyu/audio/list?{where}")).json()["data"]
    assert [(sound["role"], sound["message_id"]) for sound in listed] == [
        ("user", messages["question"]["id"]),
        ("assistant", messages["answer"]["id"]),
    ]
    assert all(sound["duration_ms"] > 500 for sound in listed)
    heard = await get(server, f"/v1/kouyu/audio?{where}&message_id={messages['answer']['id']}")
    assert (heard.headers["content-type"], heard.content[:4]) == ("audio/ogg", b"OggS")
    status = (await get(server, "/v1/kouyu/status")).json()["data"]
    assert status["kept_audio"]["files"] == before + 2
    assert status["scheduler"]["workers"] == 2
    async with httpx.AsyncClient(base_url=server.http, headers=header(server), trust_env=False) as client:
        assert (await client.delete(f"/v1/conversations/{conversation_id}")).json()["code"] == 0
    gone = await get(server, f"/v1/kouyu/audio?{where}&message_id={messages['answer']['id']}")
    assert gone.status_code == 404


def header(server: RunningServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token}"}


async def get(server: RunningServer, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.http, headers=header(server), trust_env=False) as client:
        return await client.get(path)
