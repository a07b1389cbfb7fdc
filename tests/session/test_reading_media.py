"""While media of a message are prepared, the messages behind it wait in their order, and audio goes on."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import numpy as np
import pytest

from kouyu.conversation.inputs import ClientFault, Input
from kouyu.domain.client_json import LARGEST_MESSAGE
from kouyu.domain.errors import InvalidField
from kouyu.domain.requests import AnswerNow, CompleteBuffer, WriteMessage
from kouyu.protocol.openai.realtime_wire import RealtimeWire
from kouyu.protocol.openai.session_settings import SessionSettings
from kouyu.protocol.wire import Heard, Media
from kouyu.serving.socket import Take
from kouyu.session.media_preparation import PreparedMedia
from kouyu.session.reading import MOST_HELD, Reading

FRAME = json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA"})
COMMIT = {"type": "input_audio_buffer.commit"}
RESPOND = {"type": "response.create"}


def item(part: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "conversation.item.create",
        "event_id": "e1",
        "item": {"type": "message", "role": "user", "content": [part]},
    }


SPEECH = item({"type": "input_audio", "audio": b64encode(b"\1\2").decode()})


def text(content: str) -> dict[str, Any]:
    return item({"type": "input_text", "text": content})


class Connection:
    """A socket whose messages a test gives; what the session does with them is in ``done``, in order."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[str | None] = asyncio.Queue()
        self._take: Take | None = None
        self.done: list[object] = []
        self.heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.begun = asyncio.Event()
        self.was_cancelled = False

    def says(self, *events: dict[str, Any] | None) -> None:
        for event in events:
            self._messages.put_nowait(None if event is None else json.dumps(event))

    def frame(self) -> None:
        """A frame of audio comes: it is taken in at once, or waits."""
        if self._take is None or not self._take(FRAME):
            self._messages.put_nowait(FRAME)

    async def settled(self) -> None:
        """Nothing more happens by itself."""
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def waiting(self) -> int:
        return self._messages.qsize()

    # As the Socket, the media and the user's audio

    async def receive(self, take: Take | None = None) -> str | None:
        self._take = take
        try:
            return await self._messages.get()
        finally:
            self._take = None

    async def prepared(self, media: Sequence[Media]) -> PreparedMedia:
        self.begun.set()
        try:
            words = await self.heard
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return PreparedMedia((Heard(words),), np.zeros(4, np.float32))

    def keep(self, content: str, prepared: PreparedMedia) -> None:
        self.done.append(f"keep {content}")

    def take(self, delta: bytes) -> bool:
        self.done.append("frame")
        return True

    async def hear(self, delta: bytes) -> None:
        self.done.append("frame")

    def catch_up(self) -> None:
        pass

    def complete(self) -> None:
        self.done.append("complete")

    def heard_from(self) -> None:
        pass

    async def taken_over(self) -> None:
        pass

    async def room(self) -> None:
        pass

    def receive_input(self, received: Input) -> None:
        match received:
            case WriteMessage():
                self.done.append(received.content)
            case AnswerNow():
                self.done.append("answer")
            case ClientFault(fault, origin):
                self.done.append((fault.msg, origin))
            case CompleteBuffer():
                pass
            case _:
                self.done.append(received)


class _NothingStored:
    async def of_update(self, update: object) -> str:
        return "configured"

    async def unknown_group(self) -> list[Input]:
        return []

    async def unknown_files(self, content: str) -> list[Input]:
        return []


@asynccontextmanager
async def reading() -> AsyncIterator[Connection]:
    connection = Connection()
    anything = cast(Any, connection)
    reader = Reading(
        anything,
        wire=RealtimeWire(SessionSettings(model="kouyu")),
        user_audio=anything,
        references=cast(Any, _NothingStored()),
        media=anything,
        recorder=anything,
        redialing=anything,
        receive=connection.receive_input,
        answer=connection.done.append,
        configured=lambda: None,
    )
    task = asyncio.create_task(reader.run())
    await connection.settled()
    connection.says(text("Hello."))
    await connection.settled()
    assert connection.done == ["configured", "Hello."]
    connection.done.clear()
    try:
        yield connection
        connection.says(None)
        async with asyncio.timeout(20):
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_messages_wait_in_their_order_and_audio_goes_on() -> None:
    async with reading() as connection:
        connection.says(SPEECH, text("Second."), RESPOND)
        await connection.begun.wait()
        await connection.settled()
        connection.frame()
        assert connection.done == ["frame"]
        connection.heard.set_result("First.")
        await connection.settled()
        assert connection.done == ["frame", "keep First.", "First.", "Second.", "answer"]
        connection.frame()
        connection.says(text("Third."))
        await connection.settled()
        assert connection.done[5:] == ["frame", "Third."]


async def test_audio_behind_a_message_about_audio_waits_too() -> None:
    async with reading() as connection:
        connection.says(SPEECH)
        await connection.begun.wait()
        connection.says(COMMIT)
        await connection.settled()
        connection.frame()
        await connection.settled()
        assert connection.done == []
        connection.heard.set_result("First.")
        await connection.settled()
        assert connection.done == ["keep First.", "First.", "complete", "frame"]


async def test_no_more_than_so_many_messages_wait_in_memory() -> None:
    async with reading() as connection:
        connection.says(SPEECH)
        await connection.begun.wait()
        connection.says(*[text(str(number)) for number in range(MOST_HELD + 2)])
        await connection.settled()
        for _ in range(MOST_HELD):
            await connection.settled()
        assert connection.waiting == 2
        connection.heard.set_result("First.")
        for _ in range(MOST_HELD):
            await connection.settled()
        assert connection.done == ["keep First.", "First.", *map(str, range(MOST_HELD + 2))]


async def test_nor_so_many_characters() -> None:
    async with reading() as connection:
        connection.says(SPEECH)
        await connection.begun.wait()
        connection.says({**RESPOND, "padding": "x" * LARGEST_MESSAGE}, RESPOND)
        await connection.settled()
        assert connection.waiting == 1
        connection.heard.set_result("First.")
        await connection.settled()
        assert connection.waiting == 0


async def test_what_cannot_be_prepared_is_refused_and_the_next_message_is_carried_out() -> None:
    async with reading() as connection:
        connection.says(SPEECH, text("Second."))
        await connection.begun.wait()
        connection.heard.set_exception(InvalidField("item.content[0].audio", "noise", "speech"))
        await connection.settled()
        (refused, origin), *rest = cast(list[Any], connection.done)
        assert refused.startswith("item.content[0].audio")
        assert (origin, rest) == ("e1", ["Second."])


async def test_a_client_that_leaves_ends_the_preparation() -> None:
    async with reading() as connection:
        connection.says(SPEECH)
        await connection.begun.wait()
    assert connection.was_cancelled
    assert connection.done == []


async def test_a_session_that_ends_ends_the_preparation() -> None:
    connections: list[Connection] = []

    async def fail_while_preparing() -> None:
        async with reading() as connection:
            connections.append(connection)
            connection.says(SPEECH)
            await connection.begun.wait()
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await fail_while_preparing()
    assert connections[0].was_cancelled
