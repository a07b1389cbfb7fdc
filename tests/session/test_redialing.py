"""A client that reconnects after a drop without chat.update: what it continues with, and when it does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kouyu.bench.stub_engines import open_stub_services
from kouyu.serving import redials
from kouyu.serving.services import Services
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store
from tests.session.test_connection import Client

pytestmark = pytest.mark.models


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with (
        await Store.open(tmp_path / "kouyu.db", files_folder=tmp_path / "files") as store,
        open_stub_services(Settings(), store) as opened,
    ):
        yield opened


class Dialler(Client):
    """A client whose connection may end in each of the ways there are."""

    session: asyncio.Task[None]

    async def close(self, code: int, reason: str) -> None:
        self.sent.put_nowait(None)

    async def is_lost(self) -> None:
        self.sent.put_nowait(None)
        await self.session

    async def hangs_up(self) -> None:
        self.said_goodbye = True
        await self.is_lost()

    async def is_asked(self) -> dict[str, Any]:
        """What is in force, by an update that asks for nothing."""
        count = self.read.count("chat.updated") + 1
        self.says("chat.update")
        await self.until("chat.updated", count)
        return self.in_force


@asynccontextmanager
async def dialling(services: Services, redials_as: str = "ann", **update: Any) -> AsyncIterator[Dialler]:
    client = Dialler()
    arguments: dict[str, Any] = {"services": services, "bot_id": "kouyu", "log_id": "log", "redials_as": redials_as}
    client.session = asyncio.create_task(run_session(client, **arguments))
    if update:
        client.says("chat.update", **update)
        await client.until("chat.updated")
    yield client
    await client.is_lost()


ASKED: dict[str, Any] = {
    "input_audio": {"format": "pcm", "sample_rate": 48_000},
    "turn_detection": {"type": "server_vad"},
}


def goes_on(client: Dialler, before: Dialler) -> bool:
    configured = (client.in_force["input_audio"]["sample_rate"], client.in_force["turn_detection"]["type"])
    same = client.conversation_id == before.conversation_id
    assert configured == ((48_000, "server_vad") if same else (24_000, "client_interrupt"))
    return same


async def test_after_a_drop_it_continues_with_configuration_and_conversation(services: Services) -> None:
    async with dialling(services, **ASKED, need_play_prologue=True, prologue_content="Hello.") as first:
        await first.until("conversation.audio.completed")
        first.says("conversation.message.create", role="assistant", content_type="text", content="I am Bob.")
        first.says("conversation.clear")
        await first.until("conversation.cleared")
        await first.is_lost()
        for _ in range(2):  # a client may be lost again
            async with dialling(services) as again:
                again.says("conversation.chat.cancel")
                await again.is_asked()
                assert goes_on(again, first)
                # The opening line was spoken, and the client is told of nothing that it did not ask for.
                assert again.read == ["chat.created", "conversation.chat.canceled", "chat.updated"]
    record = await services.store.of("").conversations.get(first.conversation_id)
    assert record is not None


async def test_a_client_that_sends_chat_update_begins_a_new_conversation(services: Services) -> None:
    async with dialling(services, **ASKED) as first:
        await first.is_lost()
        async with dialling(services, asr_config={}) as again:
            assert not goes_on(again, first)
            again.says("conversation.chat.cancel")
            await again.is_asked()
            assert not goes_on(again, first)


async def test_after_a_close_frame_a_new_conversation_begins(services: Services) -> None:
    async with dialling(services, **ASKED) as first:
        await first.hangs_up()
        async with dialling(services) as again:
            again.says("conversation.chat.cancel")
            await again.is_asked()
            assert not goes_on(again, first)


@pytest.mark.parametrize("other", ["bob", ""])
async def test_no_other_client_continues_it(services: Services, other: str) -> None:
    async with dialling(services, **ASKED) as first:
        await first.is_lost()
        async with dialling(services, redials_as=other) as stranger:
            stranger.says("conversation.chat.cancel")
            await stranger.is_asked()
            assert not goes_on(stranger, first)


async def test_with_two_lost_connections_a_new_conversation_begins(services: Services) -> None:
    async with dialling(services, **ASKED) as first, dialling(services, **ASKED) as second:
        await first.is_lost()
        await second.is_lost()
        async with dialling(services) as again:
            again.says("conversation.chat.cancel")
            await again.is_asked()
            assert not goes_on(again, first)
            assert not goes_on(again, second)


async def test_a_connection_whose_loss_was_not_noticed_gives_way(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redials, "_SILENT_S", 0.0)
    async with dialling(services, **ASKED) as first, dialling(services) as again:
        again.says("conversation.chat.cancel")
        await again.is_asked()
        assert goes_on(again, first)
        assert first.session.done()


async def test_a_connection_that_is_heard_from_is_not_taken_over(services: Services) -> None:
    async with dialling(services, **ASKED) as first, dialling(services) as again:
        await first.is_asked()
        again.says("conversation.chat.cancel")
        await again.is_asked()
        assert not goes_on(again, first)
        assert not first.session.done()
