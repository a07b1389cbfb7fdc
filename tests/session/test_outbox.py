"""The outbox: events keep their order and wait for their records; a client that does not read is disconnected."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from kouyu.conversation.effects import Send, Sounding
from kouyu.conversation.inputs import PacketGone
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import BufferCleared, Configured, Connected, SectionCleared, SpeechDelta
from kouyu.domain.messages import Message
from kouyu.protocol.coze.chat_wire import CozeWire
from kouyu.protocol.coze.downlink import DownlinkEvent
from kouyu.session.outbox import MOST_WAITING_BYTES, ClientTooSlow, Outbox


class Client:
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


def audio(size: int = 3, packet: int | None = None) -> Send:
    spoken = Message(
        id="1",
        conversation_id="1",
        bot_id="1",
        role="assistant",
        type="answer",
        content="",
        content_type="audio",
        chat_id="1",
        section_id="1",
    )
    return Send(SpeechDelta(spoken, bytes(size), 20.0), Sounding(1, 20.0, 0.0), packet)


def ignore(gone: PacketGone) -> None:
    """Nobody counts."""


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_events_leave_in_the_order_they_were_put() -> None:
    client = Client()
    client.reads.set()
    outbox = Outbox(client, Saved(), wire=CozeWire("log"), report=ignore)  # type: ignore[arg-type]
    for event in (Connected(), Configured(Configuration()), SectionCleared()):
        outbox.put(Send(event))
    async with running(outbox):
        assert await client.takes(3) == ["chat.created", "chat.updated", "conversation.cleared"]


async def test_an_event_waits_for_what_was_saved_before_it() -> None:
    client, saved = Client(), Saved()
    client.reads.set()
    outbox = Outbox(client, saved, wire=CozeWire("log"), report=ignore)  # type: ignore[arg-type]
    outbox.put(Send(Connected()))
    saved.ticket = 1
    outbox.put(Send(SectionCleared()))
    async with running(outbox):
        async with asyncio.timeout(10):
            await saved.waited_for.wait()
        assert client.taken == ["chat.created"]
        saved.on_disk.set()
        assert await client.takes(2) == ["chat.created", "conversation.cleared"]


async def test_what_was_saved_is_written_though_no_event_tells_of_it() -> None:
    client, saved = Client(), Saved()
    client.reads.set()
    outbox = Outbox(client, saved, wire=CozeWire("log"), report=ignore)  # type: ignore[arg-type]
    outbox.put(Send(SectionCleared()))
    saved.on_disk.set()
    async with running(outbox):
        await client.takes(1)
        saved.ticket = 1
        outbox.saved()
        async with asyncio.timeout(10):
            await saved.is_written.wait()


async def test_an_interruption_drops_the_audio_that_has_not_left() -> None:
    client = Client()
    outbox = Outbox(client, Saved(), wire=CozeWire("log"), report=ignore)  # type: ignore[arg-type]
    outbox.put(audio())
    outbox.put(Send(SectionCleared()))
    outbox.put(audio())
    outbox.drop_waiting_audio()
    outbox.put(Send(Configured(Configuration())))
    client.reads.set()
    async with running(outbox):
        assert await client.takes(2) == ["conversation.cleared", "chat.updated"]


async def test_an_interruption_leaves_the_audio_of_answers_apart() -> None:
    client = Client()
    outbox = Outbox(client, Saved(), wire=CozeWire("log"), report=ignore)  # type: ignore[arg-type]
    outbox.put(audio())
    outbox.put(msgspec.structs.replace(audio(), apart=True))
    outbox.drop_waiting_audio()
    outbox.put(Send(SectionCleared()))
    client.reads.set()
    async with running(outbox):
        assert await client.takes(2) == ["conversation.audio.delta", "conversation.cleared"]


async def test_packets_are_reported_when_they_have_left_and_dropped_ones_at_once() -> None:
    client, gone = Client(), list[PacketGone]()
    outbox = Outbox(client, Saved(), wire=CozeWire("log"), report=gone.append)  # type: ignore[arg-type]
    async with running(outbox):
        outbox.put(audio(packet=1))
        async with asyncio.timeout(10):
            await client.offered.wait()
        outbox.put(audio())
        outbox.put(audio(packet=2))
        outbox.drop_waiting_audio()
        outbox.put(audio(packet=3))
        outbox.put(Send(Configured(Configuration())))
        await asyncio.sleep(0)
        assert gone == []  # the client has not taken the first one
        client.reads.set()
        await client.takes(3)
    assert gone == [PacketGone(1), PacketGone(2, dropped=True), PacketGone(3)]


async def test_a_client_that_does_not_read_is_given_up() -> None:
    outbox = Outbox(Client(), Saved(), wire=CozeWire("log"), report=ignore)  # type: ignore[arg-type]
    outbox.put(audio((MOST_WAITING_BYTES - 1000) * 3 // 4))
    with pytest.raises(ClientTooSlow):
        outbox.put(audio(750))


async def test_what_the_protocol_has_no_event_for_is_not_sent_and_its_packet_counts_as_dropped() -> None:
    client, gone = Client(), list[PacketGone]()
    client.reads.set()
    wire = CozeWire("log")
    wire.told(Configured(msgspec.structs.replace(Configuration(), event_subscriptions=("conversation.cleared",))))
    outbox = Outbox(client, Saved(), wire=wire, report=gone.append)  # type: ignore[arg-type]
    outbox.put(audio(packet=1))
    outbox.put(Send(BufferCleared()))
    outbox.put(Send(SectionCleared()))
    async with running(outbox):
        assert await client.takes(1) == ["conversation.cleared"]
    assert gone == [PacketGone(1, dropped=True)]


async def test_what_the_protocol_answers_by_itself_keeps_its_place_between_the_events() -> None:
    client = Client()
    client.reads.set()
    outbox = Outbox(client, Saved(), wire=CozeWire("log"), report=ignore)  # type: ignore[arg-type]
    outbox.put(Send(Connected()))
    outbox.answer(DownlinkEvent("conversation.cleared"))
    outbox.put(Send(BufferCleared()))
    async with running(outbox):
        expected = ["chat.created", "conversation.cleared", "input_audio_buffer.cleared"]
        assert await client.takes(3) == expected


@pytest.mark.parametrize("by", ["an event", "an answer"])
async def test_what_a_client_has_repeated_to_it_counts_with_its_length(by: str) -> None:
    outbox = Outbox(Client(), Saved(), wire=CozeWire("log"), report=ignore)  # type: ignore[arg-type]
    long = "x" * (MOST_WAITING_BYTES // 8)
    chat = msgspec.structs.replace(Configuration().chat_config, conversation_id=long)
    configured = Configured(msgspec.structs.replace(Configuration(), chat_config=chat))

    def send() -> None:
        if by == "an event":
            outbox.put(Send(configured))
        else:
            outbox.answer(CozeWire("log").told(configured)[0])

    for _ in range(7):
        send()
    with pytest.raises(ClientTooSlow):
        send()
