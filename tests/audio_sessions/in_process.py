"""An audio session without a network, on engines that do what a test wants."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.audio_sessions.opening import audio_session
from kouyu.bench.stub_engines import open_stub_services
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.engines.vad.engine import State
from kouyu.protocol.coze.audio_endpoint_uplink import AudioEndpointName
from kouyu.serving.socket import SocketClosed, Take
from kouyu.settings import Settings
from kouyu.settings.all_settings import DEFAULT_BOT_ID
from kouyu.store.store import Store
from tests.arrivals import Arrivals

PATIENCE_S = 10


async def until(happens: Callable[[], bool]) -> None:
    """Wait for something to come true; a time-out fails the test."""
    async with asyncio.timeout(PATIENCE_S):
        while not happens():  # noqa: ASYNC110 - what is waited for happens in the session under test
            await asyncio.sleep(0.002)


async def settled() -> None:
    """Let the session under test run until all of it waits: none of what it does while it is held up uses a thread."""
    for _ in range(2000):
        await asyncio.sleep(0)


class LoudIsSpeech:
    """Voice activity: whatever is loud."""

    sample_rate = 16_000
    chunk_samples = 512

    def initial_state(self) -> State:
        return np.zeros(1, np.float32)

    def infer(self, chunks: NDArray[np.float32], states: Sequence[State]) -> tuple[list[float], list[State]]:
        return [float(np.abs(chunk).max() > 0.01) for chunk in chunks], list(states)


class Recogniser:
    """Says how many seconds it was given; ``wait`` holds it up, ``fails`` makes it fail."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, Priority]] = []
        self.cancelled = 0
        self.free = asyncio.Event()
        self.free.set()
        self.fails = False

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        seconds = len(audio) / 16_000
        self.asked.append((seconds, priority))
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fails:
            raise EngineError("no ears")
        return Recognition(text=f"about {round(seconds)} s", language="en")

    async def close(self) -> None:
        pass


class Synthesiser:
    """Hums a second for each sentence; ``fails`` names the sentence it cannot say."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.fails = ""

    def voices(self) -> Sequence[Voice]:
        return tuple(Voice(voice_id=name, name=name, engine="hum", languages=("en", "zh")) for name in ("hum", "buzz"))

    async def synthesize(
        self, text: str, options: SynthesisOptions, priority: Priority
    ) -> AsyncGenerator[AudioPiece, None]:
        self.said.append(text)
        if text == self.fails:
            raise EngineError("no voice")
        yield AudioPiece(np.full(24_000, 0.1, np.float32), 24_000)

    async def close(self) -> None:
        pass


class Pipe(Arrivals[dict[str, Any]]):
    """Both ends of a connection: the session's Socket, and what a test does with it."""

    said_goodbye = False

    def __init__(self) -> None:
        super().__init__(lambda event: str(event["event_type"]))
        self.reads = asyncio.Event()
        self.reads.set()
        """Cleared, the client does not read."""
        self.closed: tuple[int, str] | None = None
        self._up: asyncio.Queue[str | None] = asyncio.Queue()

    async def receive(self, take: Take | None = None) -> str | bytes | None:
        return await self._up.get()

    async def send(self, text: str) -> None:
        await self.reads.wait()
        if self.closed:
            raise SocketClosed
        self.add(json.loads(text))

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def say(self, event_type: str, **data: Any) -> None:
        self._up.put_nowait(json.dumps({"event_type": event_type, "data": data}))

    def append(self, samples: Samples) -> None:
        self.say("input_audio_buffer.append", delta=base64.b64encode(bytes_from_float(samples)).decode())

    def hang_up(self) -> None:
        self._up.put_nowait(None)


class Session:
    """A running session and all around it."""

    def __init__(self, pipe: Pipe, recogniser: Recogniser, synthesiser: Synthesiser, task: asyncio.Task[None]) -> None:
        self.pipe = pipe
        self.recogniser = recogniser
        self.synthesiser = synthesiser
        self.task = task


@asynccontextmanager
async def session(
    folder: Path, name: AudioEndpointName, *, unknown_voice_is_error: bool = False
) -> AsyncIterator[Session]:
    """A session for the length of a block."""
    pipe, recogniser, synthesiser = Pipe(), Recogniser(), Synthesiser()
    async with (
        await Store.open(folder / "kouyu.db", files_folder=folder / "files") as store,
        open_stub_services(Settings(), store) as stubs,
    ):
        voice_activity = VoiceActivityDetector(LoudIsSpeech())
        services = replace(
            stubs,
            voice_activity=voice_activity,
            recognizer=recogniser,
            synthesizer=synthesiser,
            default_voice_id="hum",
            unknown_voice_is_error=unknown_voice_is_error,
        )
        task = asyncio.create_task(audio_session(services, pipe, name, bot_id=DEFAULT_BOT_ID, log_id="1"))
        try:
            yield Session(pipe, recogniser, synthesiser, task)
        finally:
            pipe.hang_up()
            pipe.reads.set()
            recogniser.free.set()
            with suppress(asyncio.CancelledError):
                async with asyncio.timeout(PATIENCE_S):
                    await task
            await voice_activity.close()
