"""Talking with a running server in a few words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.client.voice_client import UPLINK_AUDIO, Event, VoiceClient, open_client
from tests.arrivals import Arrivals
from tests.end_to_end.running_server import RunningServer

DOWNLINK_RATE = 24_000
AUDIO = "conversation.audio.delta"
ENDS = ("conversation.chat.completed", "conversation.chat.failed")


class Talk(Arrivals[Event]):
    """A client with a memory."""

    def __init__(self, client: VoiceClient) -> None:
        super().__init__(lambda event: event.type)
        self.client = client

    async def configure(self, **data: Any) -> Event:
        """chat.update with 16 kHz PCM in, unless said otherwise; gives chat.updated."""
        count = self.types.count("chat.updated") + 1
        await self.client.send("chat.update", {"input_audio": UPLINK_AUDIO, **data})
        return await self.until("chat.updated", count=count)

    async def up_to_now(self) -> list[str]:
        """The types of what comes before the answer to an empty chat.update, which is sent now.

        Events are read and answered in order: what those sent before lead to at once is among it, or never comes.
        """
        before, count = len(self.events), self.types.count("chat.updated") + 1
        await self.client.send("chat.update", {})
        updated = await self.until("chat.updated", count=count)
        return self.types[before : self.events.index(updated)]

    async def speak(self, samples: Samples, *, faster: float = 1.0) -> None:
        """Send audio at 16 kHz, ``faster`` times real time."""
        await self.client.stream(bytes_from_float(samples), faster=faster)

    async def write(self, text: str) -> None:
        """A typed question."""
        message = {"role": "user", "content_type": "text", "content": text}
        await self.client.send("conversation.message.create", message)

    async def ask(self, text: str) -> str:
        """A typed question and its whole answer."""
        count = sum(self.types.count(end) for end in ENDS) + 1
        await self.write(text)
        await self.until(*ENDS, count=count)
        return self.answers()[-1]

    async def ask_and_hear(self, text: str) -> str:
        """The same, and wait until the answer has sounded."""
        answer = await self.ask(text)
        await self.until_silent()
        return answer

    async def until_silent(self) -> None:
        """Wait until all that came has sounded, see ``unplayed_s``."""
        await asyncio.sleep(self.unplayed_s())

    def unplayed_s(self) -> float:
        """How long what came still sounds on a client that plays it without gaps, PCM at DOWNLINK_RATE, in seconds."""
        ends_at = 0.0
        for event in self.events:
            if event.type == AUDIO:
                ends_at = max(ends_at, event.at) + len(event.audio) / 2 / DOWNLINK_RATE
        return max(0.0, ends_at - asyncio.get_running_loop().time())

    def answers(self) -> list[str]:
        """The completed answers."""
        return [
            event.data["content"]
            for event in self.events
            if event.type == "conversation.message.completed" and event.data["type"] == "answer"
        ]

    def audio(self) -> bytes:
        """All audio that came."""
        return b"".join(event.audio for event in self.events if event.type == AUDIO)


@asynccontextmanager
async def talking(
    server: RunningServer, bot_id: str | None = None, workflow_id: str | None = None
) -> AsyncIterator[Talk]:
    """A conversation for the length of a block."""
    async with open_client(server.http, server.token, bot_id=bot_id, workflow_id=workflow_id) as client:
        talk = Talk(client)
        async with talk.listening(client.events()):
            yield talk
