"""The outbox: events keep their order and wait for their records; a client that does not read is disconnected."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kouyu.conversation.effects import Send, Sounding
from kouyu.conversation.inputs import PacketGone
from kouyu.domain.messages import Message
from kouyu.protocol.coze.downlink import DownlinkEvent
from kouyu.session.outbox import MOST_WAITING_BYTES, ClientTooSlow, Outbox


class Wire:
    """A client that takes what comes, once it reads."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.offered = asyncio.Event()
        self.reads = asyncio.Event()
        self.news = asyncio.Event()

    async def send(self, text: str) -> None:
        self.offered.set()
        await self.reads.wait()
        self.taken.append(json.loads(text)["event_type"])
        self.news.set()

    async def takes(self, count: int) -> list[str]:
        """All it has taken, once that are so many."""
        async with asyncio.timeout(10):
            while len(self.taken) < count:
                self.news.clear()
                await self.news.wait()
        return self.taken


class Saved:
    """A recorder whose records reach the disk when they are let through."""

    def __init__(self) -> None:
        self.ticket = 0
        self.waited_for = asyncio.Event()
        self.on_disk = asyncio.Event()
        self.is_written = asyncio.Event()

    async def written(self, ticket: int) -> None:
        if ticket:
            self.waited_for.set()
            await self.on_disk.wait()
            self.is_written.set()


def audio(content: str = "AAAA", packet: int | None = None) -> Send:
    data = Message(
        id="1",
        conversation_id="1",
        bot_id="1",
        role="assistant",
        type="answer",
        content=content,
        content_type="audio",
        chat_id="1",
        section_id="1",
    )
    return Send(DownlinkEvent("conversation.audio.delta", data), Sounding(1, 20.0, 0.0), packet)


def ignore(gone: PacketGone) -> None:
    """Nobody counts."""


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_events_leave_in_the_order_they_were_put() -> None:
    wire = Wire()
    wire.reads.set()
    outbox = Outbox(wire, Saved(), log_id="log", report=ignore)  # type: ignore[arg-type]
    for event_type in ("chat.created", "chat.updated", "conversation.cleared"):
        outbox.put(Send(DownlinkEvent(event_type)))
    async with running(outbox):
        assert await wire.takes(3) == ["chat.created", "chat.updated", "conversation.cleared"]


async def test_an_event_waits_for_what_was_saved_before_it() -> None:
    wire, saved = Wire(), Saved()
    wire.reads.set()
    outbox = Outbox(wire, saved, log_id="log", report=ignore)  # type: ignore[arg-type]
    outbox.put(Send(DownlinkEvent("chat.created")))
    saved.ticket = 1
    outbox.put(Send(DownlinkEvent("conversation.cleared")))
    async with running(outbox):
        async with asyncio.timeout(10):
            await saved.waited_for.wait()
        assert wire.taken == ["chat.created"]
        saved.on_disk.set()
        assert await wire.takes(2) == ["chat.created", "conversation.cleared"]


async def test_what_was_saved_is_written_though_no_event_tells_of_it() -> None:
    wire, saved = Wire(), Saved()
    wire.reads.set()
    outbox = Outbox(wire, saved, log_id="log", report=ignore)  # type: ignore[arg-type]
    outbox.put(Send(DownlinkEvent("conversation.cleared")))
    saved.on_disk.set()
    async with running(outbox):
        await wire.takes(1)
        saved.ticket = 1
        outbox.saved()
        async with asyncio.timeout(10):
            await saved.is_written.wait()


async def test_an_interruption_drops_the_audio_that_has_not_left() -> None:
    wire = Wire()
    outbox = Outbox(wire, Saved(), log_id="log", report=ignore)  # type: ignore[arg-type]
    outbox.put(audio())
    outbox.put(Send(DownlinkEvent("conversation.cleared")))
    outbox.put(audio())
    outbox.drop_waiting_audio()
    outbox.put(Send(DownlinkEvent("chat.updated")))
    wire.reads.set()
    async with running(outbox):
        assert await wire.takes(2) == ["conversation.cleared", "chat.updated"]


async def test_packets_are_reported_when_they_have_left_and_dropped_ones_at_once() -> None:
    wire, gone = Wire(), list[PacketGone]()
    outbox = Outbox(wire, Saved(), log_id="log", report=gone.append)  # type: ignore[arg-type]
    async with running(outbox):
        outbox.put(audio(packet=1))
        async with asyncio.timeout(10):
            await wire.offered.wait()
        outbox.put(audio())
        outbox.put(audio(packet=2))
        outbox.drop_waiting_audio()
        outbox.put(audio(packet=3))
        outbox.put(Send(DownlinkEvent("chat.updated")))
        await asyncio.sleep(0)
        assert gone == []  # the client has not taken the first one
        wire.reads.set()
        await wire.takes(3)
    assert gone == [PacketGone(1), PacketGone(2, dropped=True), PacketGone(3)]


async def test_a_client_that_does_not_read_is_given_up() -> None:
    outbox = Outbox(Wire(), Saved(), log_id="log", report=ignore)  # type: ignore[arg-type]
    outbox.put(audio("A" * (MOST_WAITING_BYTES - 1000)))
    with pytest.raises(ClientTooSlow):
        outbox.put(audio("A" * 1000))
