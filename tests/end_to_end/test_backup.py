"""A backup of a real server that is talked to and uploaded to meanwhile, restored for another server."""

import asyncio
import hashlib
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer, running_server

pytestmark = pytest.mark.models

CONFIG = '[engines]\ntts = ["hibari"]\n'


class Told(msgspec.Struct):
    """What clients were told is saved."""

    answers: list[tuple[str, str, str]] = []
    """Of each completed answer: its conversation's id, its id and its text."""
    uploads: list[tuple[str, str]] = []
    """Of each upload: its id, and the SHA-256 of its content."""


async def keep_talking(server: RunningServer, told: Told, over: asyncio.Event) -> None:
    async with talking(server) as talk:
        await talk.configure()
        while not over.is_set():
            await talk.ask("What is the capital of France?")
            for event in talk.events:
                if event.type == "conversation.message.completed" and event.data["type"] == "answer":
                    answer = (event.data["conversation_id"], event.data["id"], event.data["content"])
                    told.answers += [answer] if answer not in told.answers else []


async def keep_uploading(server: RunningServer, told: Told, over: asyncio.Event) -> None:
    async with client_of(server) as client:
        while not over.is_set():
            content = str(len(told.uploads)).encode() * 5000
            response = await client.post("/v1/files/upload", files={"file": ("notes.txt", content)})
            assert response.status_code == 200, response.text
            told.uploads.append((response.json()["data"]["id"], hashlib.sha256(content).hexdigest()))


def client_of(server: RunningServer) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {server.token}"}
    return httpx.AsyncClient(base_url=server.http, headers=headers, trust_env=False, timeout=60)


def authority(server: RunningServer) -> bytes:
    return Path(server.ca).read_bytes()


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


async def kouyu(*arguments: str) -> None:
    command = (sys.executable, "-m", "kouyu", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, log = await process.communicate()
    assert process.returncode == 0, log.decode()


async def messages(client: httpx.AsyncClient, conversation_id: str) -> dict[str, str]:
    """The texts of a conversation's messages by id."""
    found: dict[str, str] = {}
    after: str | None = None
    while True:
        asked: dict[str, Any] = {"order": "asc", "limit": 50, **({"after_id": after} if after else {})}
        response = await client.post(
            "/v1/conversation/message/list", params={"conversation_id": conversation_id}, json=asked
        )
        page = response.json()
        found |= {message["id"]: message["content"] for message in page["data"]}
        if not page["has_more"]:
            return found
        after = page["last_id"]


async def test_what_clients_were_told_before_a_backup_is_there_after_a_restore(
    scripted_server: RunningServer, tmp_path: Path
) -> None:
    told, over = Told(), asyncio.Event()
    load = [asyncio.create_task(keep_talking(scripted_server, told, over)) for _ in range(2)]
    load += [asyncio.create_task(keep_uploading(scripted_server, told, over)) for _ in range(2)]
    async with asyncio.timeout(120):
        while len(told.answers) < 4 or len(told.uploads) < 20:
            assert not any(task.done() for task in load), load
            await asyncio.sleep(0.05)
        before = msgspec.structs.replace(told, answers=list(told.answers), uploads=list(told.uploads))
        await kouyu("backup", str(tmp_path / "b.tar"), "--data-dir", str(scripted_server.folder / "data"))
        after = len(told.uploads)
        over.set()
        await asyncio.gather(*load)
    assert after > len(before.uploads), "nothing was uploaded while the backup was made"

    await kouyu("restore", str(tmp_path / "b.tar"), "--data-dir", str(tmp_path / "new" / "data"))
    with running_server(tmp_path / "new", config=CONFIG) as restored:
        assert restored.token == scripted_server.token
        assert authority(restored) == authority(scripted_server)
        async with client_of(restored) as client:
            for conversation_id in {answer[0] for answer in before.answers}:
                expected = {each[1]: each[2] for each in before.answers if each[0] == conversation_id}
                found = await messages(client, conversation_id)
                assert {key: found.get(key) for key in expected} == expected
            for file_id, _ in before.uploads:
                response = await client.get("/v1/files/retrieve", params={"file_id": file_id})
                assert response.json()["data"]["id"] == file_id
    files = tmp_path / "new" / "data" / "files"
    assert dict(before.uploads).items() <= digests(files).items()
