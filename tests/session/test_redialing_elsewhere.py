"""A client that reconnects, without chat.update, to another server on the same PostgreSQL database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kouyu.assembly.bot_directory import BotDirectory
from kouyu.assembly.bots import Bots
from kouyu.assembly.other_servers import following_other_servers
from kouyu.assembly.text_chats import text_chats
from kouyu.bench.stub_engines import open_stub_services
from kouyu.serving import redials
from kouyu.serving.services import Services
from kouyu.settings import Settings
from kouyu.store.store import Store
from tests.session.test_redialing import ASKED, dialling, goes_on

pytestmark = pytest.mark.models
Two = tuple[Services, Services]


@asynccontextmanager
async def server(shared: str) -> AsyncIterator[Services]:
    async with await Store.open(shared) as store, open_stub_services(Settings(), store) as services:
        bots = BotDirectory(Bots({}, {}, {}, {}))
        async with following_other_servers(services, bots, text_chats(services, bots, limit=1)):
            yield services


@pytest.fixture
async def two(shared: str) -> AsyncIterator[Two]:
    async with server(shared) as first, server(shared) as second:
        yield first, second


async def test_a_lost_connection_continues_at_the_other_server(two: Two) -> None:
    here, there = two
    async with dialling(here, **ASKED) as first:
        first.says("conversation.message.create", role="assistant", content_type="text", content="I am Bob.")
        await first.is_asked()
        await first.is_lost()
        async with dialling(there) as again:
            again.says("conversation.chat.cancel")
            await again.is_asked()
            assert goes_on(again, first)


async def test_a_connection_whose_loss_the_other_server_has_not_noticed_gives_way(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redials, "_SILENT_S", 0.0)
    monkeypatch.setattr(redials, "_FROM_OTHERS_S", 30.0)
    here, there = two
    assert here.store.lease is not None
    async with dialling(here, **ASKED) as first:
        await here.store.lease.renew()  # it tells who is silent
        async with dialling(there) as again:
            again.says("conversation.chat.cancel")
            await again.is_asked()
            assert goes_on(again, first)
            assert first.session.done()


async def test_a_connection_that_the_other_server_hears_from_is_not_taken_over(two: Two) -> None:
    here, there = two
    assert here.store.lease is not None
    async with dialling(here, **ASKED) as first:
        await first.is_asked()
        await here.store.lease.renew()
        async with dialling(there) as again:
            again.says("conversation.chat.cancel")
            await again.is_asked()
            assert not goes_on(again, first)
            assert not first.session.done()
