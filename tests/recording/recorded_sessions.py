"""Real sessions that are recorded, on stub engines."""

import asyncio
import base64
import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.bench.stub_engines import open_stub_services
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.recording.record_file import Record, read_record
from kouyu.recording.session_recorder import SessionRecorders, SessionRecording
from kouyu.serving.caller import Caller
from kouyu.serving.services import Services
from kouyu.session.connection import run_session
from kouyu.settings import Settings
from kouyu.store.store import Store

PATIENCE_S = 30
ANSWERED = "conversation.chat.completed"


@asynccontextmanager
async def recording_services(folder: Path, recording: SessionRecording | None = None) -> AsyncIterator[Services]:
    """Services of a server that records its sessions."""
    opened = await Store.open(folder / "kouyu.db", files_folder=folder / "files", sessions_folder=folder / "sessions")
    async with opened as store, open_stub_services(Settings(), store) as services:
        recorders = SessionRecorders(store.session_records, recording or SessionRecording(sessions=True))
        yield dataclasses.replace(services, session_recorders=recorders)
        await recorders.close()


class Client:
    """A client without a network: a Socket whose user is the test."""

    said_goodbye = False

    def __init__(self) -> None:
        self._sent: asyncio.Queue[str | None] = asyncio.Queue()
        self.events: list[dict[str, Any]] = []
        self._news = asyncio.Condition()

    def says(self, event_type: str, **data: Any) -> None:
        self._sent.put_nowait(json.dumps({"event_type": event_type, "data": data}))

    def sends(self, samples: Samples) -> None:
        """Send audio at once, 20 ms a frame."""
        for start in range(0, len(samples), SPEECH_RATE // 50):
            piece = bytes_from_float(samples[start : start + SPEECH_RATE // 50])
            self.says("input_audio_buffer.append", delta=base64.b64encode(piece).decode())

    def hangs_up(self) -> None:
        self._sent.put_nowait(None)

    async def until(self, event_type: str, count: int = 1) -> None:
        """Wait for the ``count``-th event of this type."""
        async with self._news, asyncio.timeout(PATIENCE_S):
            await self._news.wait_for(lambda: self.types.count(event_type) >= count)

    @property
    def types(self) -> list[str]:
        return [event["event_type"] for event in self.events]

    @property
    def conversation_id(self) -> str:
        updated = [event for event in self.events if event["event_type"] == "chat.updated"]
        return str(updated[-1]["data"]["chat_config"]["conversation_id"])

    # As a Socket

    async def receive(self, take: Callable[[str | bytes], bool] | None = None) -> str | None:
        return await self._sent.get()

    async def send(self, text: str) -> None:
        async with self._news:
            self.events.append(json.loads(text))
            self._news.notify_all()

    async def close(self, code: int, reason: str) -> None:
        self.hangs_up()


@asynccontextmanager
async def connected(services: Services, *, log_id: str = "log", record: bool | None = None) -> AsyncIterator[Client]:
    """A client of a session, which has ended when the block has."""
    client = Client()
    session = asyncio.create_task(
        run_session(client, services=services, bot_id="kouyu", log_id=log_id, caller=Caller(wants_record=record))
    )
    try:
        yield client
    finally:
        client.hangs_up()
        await session


PCM = {"format": "pcm", "codec": "pcm", "sample_rate": SPEECH_RATE}


def push_to_talk(client: Client, **data: Any) -> None:
    client.says("chat.update", input_audio=PCM, turn_detection={"type": "client_interrupt"}, **data)


def records_in(folder: Path) -> list[Path]:
    """The files of the records below the data folder."""
    return sorted((folder / "sessions").glob("*/*.kyrec"))


def only_record(folder: Path) -> Record:
    (path,) = records_in(folder)
    return read_record(path)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SPEECH_RATE), np.float32)
