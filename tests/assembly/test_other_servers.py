"""What one server on a shared database changes, the others follow."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from kouyu.store.bots import BotProfile
from kouyu.store.conversations import CreateConversation
from kouyu.store.notices import BotChanged, ConversationDeleted, Notice, SectionChanged
from kouyu.store.store import Store
from tests.store.clock import Clock

PATIENCE_S = 60


class Heard:
    """The notices that a server gets, in their order."""

    def __init__(self) -> None:
        self.notices: list[Notice | None] = []
        self._came = asyncio.Event()

    async def take(self, notice: Notice | None) -> None:
        self.notices.append(notice)
        self._came.set()

    async def until(self, is_there: Callable[[list[Notice | None]], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_there(self.notices):
                self._came.clear()
                await self._came.wait()


@asynccontextmanager
async def listening(store: Store) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(store.notices.listen(heard.take))
    try:
        await heard.until(lambda notices: None in notices)  # it is connected
        yield heard
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_bots_sections_and_deletions_are_told_to_the_others_alone(shared: str) -> None:
    async with (
        await Store.open(shared) as first,
        await Store.open(shared) as second,
        listening(first) as own,
        listening(second) as others,
    ):
        bot = await first.of("").bots.create("token", BotProfile(name="Pirate"))
        await first.of("").bots.publish(bot.id)
        await first.of("ann").write(CreateConversation(id="c", bot_id="bot", created_at=1))
        await first.of("ann").conversations.set_section("c", "s2")
        await first.of("ann").conversations.delete("c")
        await second.of("").write(CreateConversation(id="d", bot_id="bot", created_at=1))
        await second.of("").conversations.set_section("d", "s3")
        expected = [None, BotChanged(bot.id), SectionChanged("c"), ConversationDeleted("c", "ann")]
        await others.until(lambda notices: len(notices) >= len(expected))
        await own.until(lambda notices: len(notices) >= 2)
        assert others.notices == expected
        assert own.notices == [None, SectionChanged("d")]


async def test_after_a_lost_connection_everything_is_to_be_read_anew(shared: str) -> None:
    async with await Store.open(shared) as store, listening(store) as heard:
        engine = create_async_engine(make_url(shared).set(drivername="postgresql+asyncpg"))
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN \"kouyu\"'")
            )
        await engine.dispose()
        await heard.until(lambda notices: notices == [None, None])


async def test_two_servers_change_different_fields_of_a_bot_at_once(shared: str) -> None:
    async with await Store.open(shared) as first, await Store.open(shared) as second:
        bot = await first.of("").bots.create("token", BotProfile(name="a", description="a"))
        for number in range(20):
            name, description = f"name {number}", f"description {number}"
            await asyncio.gather(
                first.of("").bots.update(bot.id, functools.partial(msgspec.structs.replace, name=name)),
                second.of("").bots.update(bot.id, functools.partial(msgspec.structs.replace, description=description)),
            )
            found = await first.of("").bots.get(bot.id)
            assert found is not None
            assert (found.draft.name, found.draft.description) == (name, description)


async def test_deletions_by_age_and_of_a_user_are_told_to_the_others(shared: str) -> None:
    clock = Clock()
    async with (
        await Store.open(shared, clock=clock) as first,
        await Store.open(shared) as second,
        listening(second) as others,
    ):
        for owner, conversation_id, user_id in (("ann", "old", ""), ("bob", "of-user", "u"), ("bob", "left", "v")):
            created_at = int(clock()) - (100 if conversation_id == "old" else 0)
            made = CreateConversation(id=conversation_id, bot_id="bot", created_at=created_at, user_id=user_id)
            await first.of(owner).write(made)
        await first.forget_before(int(clock()) - 50, ())
        await first.delete_user("bob", "u")
        expected = [None, ConversationDeleted("old", "ann"), ConversationDeleted("of-user", "bob")]
        await others.until(lambda notices: len(notices) >= len(expected))
        assert others.notices == expected


async def test_a_conversation_that_is_live_on_another_server_is_not_too_old(shared: str) -> None:
    clock = Clock()
    async with await Store.open(shared, clock=clock) as first, await Store.open(shared) as second:
        await first.of("").write(CreateConversation(id="c", bot_id="bot", created_at=int(clock()) - 100))
        assert second.lease is not None
        second.lease.live = lambda: ["c"]
        await second.lease.renew()
        assert (await first.forget_before(int(clock()), ())).conversations == 0
        second.lease.live = tuple
        await second.lease.renew()
        assert (await first.forget_before(int(clock()), ())).conversations == 1
