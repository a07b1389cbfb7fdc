"""A server that is killed in the middle of a chat: what a client was told is there, and the chat is not left open."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from kouyu.store.chats import INTERRUPTED
from kouyu.store.store import Store
from tests.standins.openai_server import Say, openai_stand_in
from tests.text_chats.conftest import asked


async def read_until_killed(response: httpx.Response, process: asyncio.subprocess.Process | None) -> list[Any]:
    """What a stream tells: its events' names and data. Kills the server at the second piece of the answer."""
    told, name = [], ""
    async for line in response.aiter_lines():
        if line.startswith("event:"):
            name = line[6:]
        elif line.startswith("data:"):
            told.append((name, json.loads(line[5:])))
        if process is not None and '"content":" two"' in line:
            process.kill()
            break
    return told


async def test_what_was_told_survives_a_kill(tmp_path: Path) -> None:
    told: list[Any] = []
    async with openai_stand_in() as model:
        model.will(Say("Blue."), Say("one", " two", hang_after=2))
        command = [sys.executable, "-m", "tests.text_chats.server_to_kill", str(tmp_path), model.base_url]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        base_url, token = (await process.stdout.readline()).decode().split()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False) as http:
            for question, killed in (("Why?", None), ("And then?", process)):
                async with http.stream("POST", "/v3/chat", json=asked(question)) as response:
                    told += await read_until_killed(response, killed)
        await process.wait()

    async with await Store.open(tmp_path / "kouyu.db") as store:
        whole = [data for name, data in told if name == "conversation.message.completed"]
        assert [each["type"] for each in whole] == ["answer", "verbose"]
        for message in whole:
            kept = await store.of("").messages.get(message["conversation_id"], message["id"])
            assert kept is not None
            assert kept.content == message["content"]
        done_id, cut_id = [data["id"] for name, data in told if name == "conversation.chat.created"]
        done, cut = await store.of("").chats.get(done_id), await store.of("").chats.get(cut_id)
        assert done is not None
        assert cut is not None
        assert done.status == "completed"
        assert (cut.status, cut.last_error) == ("failed", INTERRUPTED)
        assert [each.content for each in await store.of("").messages.of_chat(cut_id)] == ["And then?"]
