"""A client of the Pipecat bot, and the turns that are measured on it: the counterpart of ``kouyu.bench.modes``."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from kouyu.bench.microphone import Microphone
from kouyu.bench.modes import PATIENCE_S
from kouyu.bench.received import Received, is_type
from kouyu.bench.spoken_question import SpokenQuestion, long_announcement
from kouyu.bench.turn import Turn
from kouyu.client.voice_client import Event
from kouyu.domain.speech_rate import SPEECH_RATE

_SETTLE_S: Final = 1.0
_LISTENING_S: Final = 1.0
_AUDIO: Final = is_type("audio")
_INTERRUPTION: Final = is_type("interruption")
_TRANSCRIPT: Final = is_type("transcript")
_CLEARED: Final = is_type("cleared")


class PipecatClient:
    """A connection to the bot."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send_audio(self, pcm: bytes) -> None:
        """Send PCM at SPEECH_RATE."""
        await self._connection.send(pcm)

    async def command(self, **what: Any) -> None:
        """Have the bot do something."""
        await self._connection.send(json.dumps(what))

    async def events(self) -> AsyncGenerator[Event, None]:
        """What the bot sends."""
        clock = asyncio.get_running_loop().time
        async for message in self._connection:
            if isinstance(message, bytes):
                yield Event(clock(), "audio", None)
            else:
                said = json.loads(message)
                yield Event(clock(), said["type"], said)


class PipecatTurns:
    """Measures turns on an open connection."""

    def __init__(self, client: PipecatClient, received: Received, microphone: Microphone) -> None:
        self._client = client
        self._received = received
        self._microphone = microphone

    async def free(self, question: SpokenQuestion) -> Turn:
        """From the last sample of speech to the first audio."""
        since = self._received.position
        ended = await self._microphone.say(question.samples) + question.speech_end / SPEECH_RATE
        audio = await self._received.wait(_AUDIO, since=since, seconds=PATIENCE_S)
        transcripts = [event for event in self._received.events(since) if _TRANSCRIPT(event)]
        heard = " ".join(event.data["text"].strip() for event in transcripts)
        if audio is None:
            return Turn(question=question.name, measures={}, outcome="unanswered", heard=heard)
        measures = {"transcript": (transcripts[-1].at - ended) * 1000} if transcripts else {}
        measures["first audio"] = (audio.at - ended) * 1000
        right = question.understood(heard)
        return Turn(question=question.name, measures=measures, outcome="counted" if right else "misheard", heard=heard)

    async def barge(self, question: SpokenQuestion) -> Turn:
        """From the first sample of speech into a long announcement to being told to stop playing."""
        since = self._received.position
        await self._client.command(say=long_announcement(question.language))
        if await self._received.wait(_AUDIO, since=since, seconds=PATIENCE_S) is None:
            return Turn(question=question.name, measures={}, outcome="unanswered")
        await asyncio.sleep(_LISTENING_S + random.random())
        since = self._received.position
        began = await self._microphone.say(question.samples) + question.speech_start / SPEECH_RATE
        told = await self._received.wait(_INTERRUPTION, since=since, seconds=PATIENCE_S)
        if told is None:
            return Turn(question=question.name, measures={}, outcome="unanswered")
        # The answer to what was said is waited for, as in kouyu's turn.
        answered = self._received.position
        await self._received.wait(_AUDIO, since=answered, seconds=PATIENCE_S)
        return Turn(question=question.name, measures={"canceled": (told.at - began) * 1000}, outcome="counted")

    async def settle(self) -> None:
        """End what is being said, forget the conversation, and let a moment of silence pass."""
        since = self._received.position
        await self._client.command(clear=True)
        await self._received.wait(_CLEARED, since=since, seconds=PATIENCE_S)
        await asyncio.sleep(_SETTLE_S + random.random() / 20)


@asynccontextmanager
async def pipecat_turns(port: int) -> AsyncIterator[PipecatTurns]:
    """A connection whose microphone is open."""
    async with connect(f"ws://127.0.0.1:{port}", compression=None, max_size=None) as connection:
        client = PipecatClient(connection)
        turns = PipecatTurns(client, Received(client), Microphone(client))
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(turns._received.run()),
                tasks.create_task(turns._microphone.stay_open()),
            ]
            yield turns
            for task in background:
                task.cancel()
