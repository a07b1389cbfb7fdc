"""Several processes of one server on one SQLite database: their numbers, their notices, and the end of one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from kouyu.store.bots import BotProfile
from kouyu.store.chats import PutChat
from kouyu.store.conversations import CreateConversation
from kouyu.store.errors import UnknownConversation
from kouyu.store.notices import BotChanged, Notice, SectionChanged
from kouyu.store.store import Store
from tests.store.said import chat

PATIENCE_S = 60


class Bus:
    """One end of a bus between two processes."""

    def __init__(self) -> None:
        self.other: Bus | None = None
        self._take: Callable[[str], None] = lambda payload: None
        self._loop = asyncio.get_running_loop()

    def publish(self, payload: str) -> None:
        assert self.other is not None
        self._loop.call_soon_threadsafe(self.other._take, payload)

    def subscribe(self, take: Callable[[str], None], taken: Callable[[], Awaitable[None]]) -> None:
        self._take, self._taken = take, taken

    async def heard_by_all(self) -> None:
        assert self.other is not None
        await self.other._taken()


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
    one, two = Bus(), Bus()
    one.other, two.other = two, one
    async with (
        await Store.open(tmp_path / "kouyu.db", bus=one) as first,
        await Store.open(tmp_path / "kouyu.db", beside_others=True, bus=two) as second,
    ):
        yield first, second


async def test_what_is_committed_is_told_to_the_other_process_alone(both: tuple[Store, Store]) -> None:
    first, second = both
    heard: list[Notice | None] = []
    own: list[Notice | None] = []
    arrived = asyncio.Event()

    async def take(notice: Notice | None) -> None:
        heard.append(notice)
        if isinstance(notice, SectionChanged):
            arrived.set()

    async def take_own(notice: Notice | None) -> None:
        own.append(notice)

    listening = [asyncio.create_task(second.notices.listen(take)), asyncio.create_task(first.notices.listen(take_own))]
    await asyncio.sleep(0)
    bot = await first.of("").bots.create("token", BotProfile(name="Pirate"))
    await first.of("").bots.publish(bot.id)
    with pytest.raises(UnknownConversation):  # nothing is told of what was rolled back
        await first.of("").conversations.set_section("unknown", "s")
    await first.of("").write(CreateConversation(id="c", bot_id="bot", created_at=1))
    await first.of("").conversations.set_section("c", "s2")
    async with asyncio.timeout(PATIENCE_S):
        await arrived.wait()
    assert heard[0] is None
    assert set(heard[1:]) == {BotChanged(bot.id), SectionChanged("c")}
    assert own == [None]
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)


async def test_the_chats_of_a_process_that_has_ended_are_failed_and_its_number_is_free(
    both: tuple[Store, Store], tmp_path: Path
) -> None:
    first, second = both
    assert first.ids.server != second.ids.server
    chats = {store: store.ids.next_id() for store in both}
    for store, chat_id in chats.items():
        await store.of("").write(CreateConversation(id="c", bot_id="bot", created_at=1), PutChat(chat(chat_id)))
    assert first.lease is not None
    await first.lease.forget(second.ids.server)
    states = [await first.of("").chats.get(chats[store]) for store in both]
    assert [state.status for state in states if state is not None] == ["created", "failed"]
    async with await Store.open(tmp_path / "kouyu.db", beside_others=True) as again:
        assert again.ids.server == second.ids.server
        kept = await again.of("").chats.get(chats[first])
        assert kept is not None
        assert kept.status == "created"  # a process that starts fails nothing of the others
