"""Talking with a running server by the unmodified package ``openai``, in a few words."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import soxr
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.domain.speech_rate import SPEECH_RATE
from tests.arrivals import Arrivals
from tests.end_to_end.running_server import RunningServer
from tests.protocol.openai.wire_rules import Rules

RATE = 24_000
PIECE = RATE // 10 * 2
"""Bytes of an append."""


class Talk(Arrivals[Any]):
    """A connection with a memory, in which everything keeps the rules of the protocol."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        super().__init__(lambda event: str(event.type))
        self.connection = connection
        self.rules = Rules()

    async def send(self, event: dict[str, Any]) -> None:
        await self.connection.send(event)  # type: ignore[arg-type]  # also what the package has no type for

    async def update(self, **session: Any) -> Any:
        """session.update; gives session.updated."""
        count = self.types.count("session.updated") + 1
        await self.send({"type": "session.update", "session": {"type": "realtime", **session}})
        return await self.until("session.updated", count=count)

    async def write(self, text: str, role: str = "user") -> str:
        """A typed message; gives its id, once it is acknowledged."""
        count = self.types.count("conversation.item.added") + 1
        content = [{"type": "output_text" if role == "assistant" else "input_text", "text": text}]
        item = {"type": "message", "role": role, "content": content}
        await self.send({"type": "conversation.item.create", "item": item})
        return str((await self.until("conversation.item.added", count=count)).item.id)

    async def answer(self, **response: Any) -> Any:
        """response.create; gives the response at its end."""
        count = self.types.count("response.done") + 1
        await self.send({"type": "response.create", "response": response})
        return (await self.until("response.done", count=count)).response

    async def speak(self, samples: Samples) -> None:
        """Send audio at SPEECH_RATE, as fast as it goes."""
        audio = bytes_from_float(soxr.resample(samples, SPEECH_RATE, RATE).astype(np.float32))
        for start in range(0, len(audio), PIECE):
            await self.connection.input_audio_buffer.append(
                audio=base64.b64encode(audio[start : start + PIECE]).decode()
            )

    def audio(self, response_id: str | None = None) -> bytes:
        """All audio that came, or that of one response."""
        return b"".join(
            base64.b64decode(event.delta)
            for event in self.events
            if event.type == "response.output_audio.delta" and response_id in (None, event.response_id)
        )

    def check(self) -> None:
        """All that came is as the protocol says."""
        for event in self.events:
            self.rules.take(event.to_dict())


def client_of(server: RunningServer, path: str = "/openai/v1", key: str | None = None) -> AsyncOpenAI:
    """What an app makes: a client with another base URL and a key of this server."""
    return AsyncOpenAI(base_url=server.http + path, api_key=key or server.token)


@asynccontextmanager
async def talking(client: AsyncOpenAI, model: str = "tools", **connect: Any) -> AsyncIterator[Talk]:
    """A conversation for the length of a block."""
    async with client.realtime.connect(model=model, **connect) as connection:
        talk = Talk(connection)
        async with talk.listening(aiter(connection)):
            yield talk
    talk.check()


def transcript(response: Any) -> str:
    """What was said in a response."""
    messages = [item for item in response.output if item.type == "message"]
    return " ".join(part.transcript or part.text or "" for item in messages for part in item.content).strip()
