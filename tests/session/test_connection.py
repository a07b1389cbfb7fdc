"""One connection as a whole: what its client sends and gets, on engines that answer at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kouyu.bench.stub_engines import open_stub_services
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.speech.services import Services
from kouyu.store.store import Store

AUDIO = "conversation.audio.delta"

pytestmark = pytest.mark.models


class Client:
    """A client that reads ``room`` events, and no more until it is told to."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[str | None] = asyncio.Queue()
        self.read: list[str] = []
        self.conversation_id = ""
        self.has_read = asyncio.Condition()
        self.room = asyncio.Semaphore(1000)

    def says(self, event_type: str, **data: Any) -> None:
        self.sent.put_nowait(json.dumps({"event_type": event_type, "data": data}))

    async def until(self, event_type: str, count: int = 1) -> None:
        async with self.has_read, asyncio.timeout(20):
            await self.has_read.wait_for(lambda: self.read.count(event_type) >= count)

    # As a Socket

    async def receive(self) -> str | None:
        return await self.sent.get()

    async def send(self, text: str) -> None:
        await self.room.acquire()
        event = json.loads(text)
        if event["event_type"] == "chat.updated":
            self.conversation_id = event["data"]["chat_config"]["conversation_id"]
        async with self.has_read:
            self.read.append(event["event_type"])
            self.has_read.notify_all()

    async def close(self, code: int, reason: str) -> None:
        raise AssertionError(f"closed with {code}: {reason}")


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with (
        await Store.open(tmp_path / "kouyu.db", files_folder=tmp_path / "files") as store,
        open_stub_services(Settings(), store) as opened,
    ):
        yield opened


async def test_a_cancel_stops_the_audio_also_of_a_client_that_has_not_subscribed_to_be_told(services: Services) -> None:
    client = Client()
    client.room = asyncio.Semaphore(4)  # chat.created, chat.updated and two pieces
    session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log"))
    client.says("chat.update", event_subscriptions=[AUDIO], output_audio={"pcm_config": {"frame_size_ms": 20}})
    client.says("input_text.generate_audio", mode="text", text="One two three four five six seven eight nine.")
    await client.until(AUDIO, 2)
    await asyncio.sleep(0.2)
    client.says("conversation.chat.cancel")
    client.says("chat.update", event_subscriptions=[])
    client.says("conversation.clear")
    await asyncio.sleep(0.05)
    for _ in range(1000):
        client.room.release()
    await client.until("conversation.cleared")
    assert client.read.count(AUDIO) <= 3
    client.sent.put_nowait(None)
    await session


async def test_an_inserted_message_is_on_disk_soon_though_no_event_tells_of_it(services: Services) -> None:
    client = Client()
    session = asyncio.create_task(run_session(client, services=services, bot_id="kouyu", log_id="log"))
    client.says("chat.update")
    await client.until("chat.updated")
    client.says("conversation.message.create", role="assistant", content_type="text", content="My name is Bob.")
    section = client.conversation_id
    async with asyncio.timeout(20):
        while not (kept := await services.store.messages.context(section, section, 10)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert [message.content for message in kept] == ["My name is Bob."]
    client.sent.put_nowait(None)
    await session
