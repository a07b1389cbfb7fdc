"""What is told to the client is on disk first, in whatever order callers come and go."""

import asyncio
from pathlib import Path
from typing import Any

from kouyu.conversation.effects import EraseMessage, SaveMessage, SaveSection, TrimMessage
from kouyu.domain.ids import NO_ID
from kouyu.domain.messages import Message
from kouyu.serving.recorder import MOST_WAITING, Recorder
from kouyu.store.store import Store


def message(number: int) -> Message:
    return Message(
        id=str(number),
        conversation_id="7",
        bot_id="kouyu",
        role="assistant",
        type="answer",
        content=f"answer {number}",
        content_type="text",
        chat_id="5",
        section_id="7",
    )


class SlowStore:
    """A store whose writes wait until they are let through."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.gate = asyncio.Event()
        self.transactions: list[int] = []

    async def write(self, *writes: Any) -> None:
        await self.gate.wait()
        self.transactions.append(len(writes))
        await self.store.of("").write(*writes)


async def test_records_that_wait_go_into_one_transaction(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        slow = SlowStore(store)
        slow.gate.set()
        recorder = Recorder(slow, bot_id="kouyu")  # type: ignore[arg-type]
        for number in range(5):
            recorder.save(SaveMessage(message(number), 1))
        await recorder.written(recorder.ticket)
        assert slow.transactions == [6]
        assert [kept.id for kept in await store.of("").messages.context("7", "7", 10)] == ["0", "1", "2", "3", "4"]


async def test_messages_are_placed_and_removed_in_order(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        recorder = Recorder(store.of(""), bot_id="kouyu")
        for number, after in ((1, None), (2, None), (3, "1"), (4, NO_ID)):
            recorder.save(SaveMessage(message(number), 1, after=after))
        recorder.save(EraseMessage("7", "2"))
        await recorder.written(recorder.ticket)
        assert [kept.id for kept in await store.of("").messages.context("7", "7", 10)] == ["4", "1", "3"]
        assert await store.of("").messages.get("7", "2") is None


async def test_a_caller_who_is_cancelled_loses_nothing_for_the_next(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        slow = SlowStore(store)
        recorder = Recorder(slow, bot_id="kouyu")  # type: ignore[arg-type]
        recorder.save(SaveMessage(message(1), 1))
        first = asyncio.create_task(recorder.written(recorder.ticket))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        slow.gate.set()
        await recorder.written(recorder.ticket)
        assert (await store.of("").messages.get("7", "1")) is not None


async def test_what_was_heard_and_the_section_are_kept_in_the_order_given(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        recorder = Recorder(store.of(""), bot_id="kouyu")
        recorder.save(SaveMessage(message(1), 1))
        recorder.save(TrimMessage("1", "answer"))
        recorder.save(SaveSection("7", "8"))
        await recorder.written(recorder.ticket)
        (kept,) = await store.of("").messages.context("7", "7", 10)
        conversation = await store.of("").conversations.get("7")
    assert kept.content == "answer"
    assert conversation is not None
    assert conversation.section_id == "8"


async def test_whoever_gives_more_than_the_disk_takes_waits(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "kouyu.db") as store:
        slow = SlowStore(store)
        recorder = Recorder(slow, bot_id="kouyu")  # type: ignore[arg-type]
        for number in range(MOST_WAITING - 1):
            recorder.save(SaveMessage(message(number), 1))
        await recorder.room()
        recorder.save(SaveMessage(message(MOST_WAITING), 1))
        waiting = asyncio.create_task(recorder.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        slow.gate.set()
        await waiting
