"""The JavaScript SDK dials again by itself after a drop, sends no chat.update, and its microphone goes on at 48 kHz."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import numpy as np
import pytest

from kouyu.client.voice_client import open_client
from tests.arrivals import PATIENCE_S
from tests.end_to_end.conversing import Talk
from tests.end_to_end.running_server import RunningServer
from tests.fields import uploads
from tests.fields.spoken import TRANSCRIPT, question, silence
from tests.standins.recognition_endpoint import RecognitionStandIn

pytestmark = pytest.mark.models

JAVASCRIPT = {
    "input_audio": {"format": "pcm", "codec": "pcm", "sample_rate": 48_000, "channel": 1, "bit_depth": 16},
    "turn_detection": {"type": "server_vad"},
}


class Line:
    """A connection that can be cut."""

    def __init__(self, talk: Talk, server: RunningServer) -> None:
        self.talk = talk
        self._server = server

    async def cut(self) -> None:
        """TCP ends without a close frame. Returns when the server has seen it: whoever dials before is somebody new."""
        before = noted = self._last_noted()
        connection = self.talk.client._connection
        connection.transport.abort()
        await connection.wait_closed()
        async with asyncio.timeout(PATIENCE_S):
            while noted <= before:
                await asyncio.sleep(0.02)
                noted = self._last_noted()

    def _last_noted(self) -> int:
        """The number of the last lost connection that the server remembers."""
        with closing(sqlite3.connect(self._server.folder / "data" / "kouyu.db")) as database:
            return int(database.execute("SELECT COALESCE(MAX(seq), 0) FROM lost_connections").fetchone()[0])

    async def ask(self) -> str:
        """The microphone goes on: a question, and silence; the transcript."""
        count = self.talk.types.count(TRANSCRIPT)
        for piece in uploads.pcm(np.concatenate([silence(0.3), question(), silence(1.2)]), rate=48_000):
            await self.talk.client.send_audio(piece)
        return str((await self.talk.until(TRANSCRIPT, count=count + 1)).data["content"])

    async def conversation_id(self) -> str:
        created = await self.talk.until("conversation.chat.created")
        return str(created.data["conversation_id"])


@asynccontextmanager
async def line(server: RunningServer) -> AsyncIterator[Line]:
    async with open_client(server.http, server.token) as client:
        talk = Talk(client)
        async with talk.listening(client.events()):
            yield Line(talk, server)


async def test_after_a_drop_the_microphone_is_heard_in_its_format_and_mode(
    measuring_server: RunningServer, recogniser: RecognitionStandIn
) -> None:
    async with line(measuring_server) as first:
        await first.talk.client.send("chat.update", JAVASCRIPT)
        await first.ask()
        conversation = await first.conversation_id()
        await first.cut()
    async with line(measuring_server) as again:
        heard = recogniser.behind(await again.ask())
        # Taken for 24 kHz it would be twice as long.
        assert 0.8 < len(heard.audio) / len(question()) < 1.3
        assert await again.conversation_id() == conversation
    # Closed properly this time: whoever comes now begins anew.
    async with line(measuring_server) as new:
        message = {"role": "user", "content_type": "text", "content": "hello"}
        await new.talk.client.send("conversation.message.create", message)
        assert await new.conversation_id() != conversation
