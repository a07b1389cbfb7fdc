"""Engines whose work a test holds back and lets go, behind a real scheduler, on real sockets."""

import socket
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import uvicorn
from numpy.typing import NDArray

from kouyu.domain.user_voice import UserEmotion
from kouyu.engine_server.app import EngineApp
from kouyu.engine_server.process import serving
from kouyu.engine_server.served_engines import ServedEngines
from kouyu.engines.asr.engine import Recognition, RecognitionOptions
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import CancelToken, Priority, Scheduler, WorkCancelled
from kouyu.engines.tts.engine import AudioPiece, SynthesisOptions, Voice
from kouyu.engines.voiceprint.campplus import CALIBRATION

RATE = 24_000
VOICE = Voice(voice_id="scripted-1", name="One", engine="scripted", languages=("en",))


@dataclass
class Gate:
    """Holds work back once it has begun, until it is opened."""

    is_open: threading.Event = field(default_factory=threading.Event)
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    """What became of each piece of work: its name, with ``!`` if it was cancelled."""

    def pass_through(self, name: str, token: CancelToken) -> None:
        """Wait at the gate as native work does, which looks at its token now and then."""
        self.begun.append(name)
        while not self.is_open.wait(0.005):
            if token.cancelled:
                self.ended.append(f"{name}!")
                raise WorkCancelled
        self.ended.append(name)


class ScriptedRecognizer:
    """Writes down how many samples it got, and its priority."""

    def __init__(self, scheduler: Scheduler, gate: Gate) -> None:
        self._scheduler = scheduler
        self._gate = gate
        self.heard: list[NDArray[np.float32]] = []

    async def recognize(
        self, audio: NDArray[np.float32], options: RecognitionOptions, priority: Priority
    ) -> Recognition:
        self.heard.append(audio)
        name = f"{priority.name} {len(audio)}"
        await self._scheduler.run(lambda token: self._gate.pass_through(name, token), priority)
        if options.context == "fail":
            raise EngineError("it is broken")
        return Recognition(text=name, language=options.language or "en")

    async def close(self) -> None: ...


class ScriptedSynthesizer:
    """Says each word of the text as a piece of so many samples as it has letters; fails at the word ``fail``, and at
    ``die`` calls ``on_die``."""

    def __init__(self, scheduler: Scheduler, gate: Gate) -> None:
        self._scheduler = scheduler
        self._gate = gate

    def voices(self) -> Sequence[Voice]:
        return (VOICE,)

    def synthesize(self, text: str, options: SynthesisOptions, priority: Priority) -> AsyncGenerator[AudioPiece, None]:
        def speak(token: CancelToken) -> Iterator[AudioPiece]:
            for word in text.split():
                if word == "wait":
                    self._gate.pass_through(text, token)
                elif word == "fail":
                    raise EngineError("it is broken", retryable=True)
                else:
                    yield AudioPiece(np.full(len(word), 0.5, np.float32), RATE)

        return self._scheduler.stream(speak, priority)

    async def close(self) -> None: ...


class ScriptedJudge:
    async def completeness(self, audio: NDArray[np.float32], transcript: str, language: str) -> float:
        return len(transcript) / 100

    async def close(self) -> None: ...


class ScriptedEncoder:
    model = "scripted"
    calibration = CALIBRATION

    async def encode(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> NDArray[np.float32]:
        return np.array([1.0, 0.0], np.float32)

    async def close(self) -> None: ...


class ScriptedEmotion:
    async def emotion(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> UserEmotion | None:
        return "happy"

    async def close(self) -> None: ...


@dataclass
class Process:
    """An engine process inside the test's own: a real application on a real socket."""

    url: str
    app: EngineApp
    scheduler: Scheduler
    gate: Gate
    recognizer: ScriptedRecognizer
    listener: socket.socket
    server: uvicorn.Server
    stack: AsyncExitStack

    async def vanish(self) -> None:
        """Break all connections and stop listening, as a process does that is killed."""
        for connection in tuple(self.server.server_state.connections):
            connection.transport.abort()
        await self.stack.aclose()


@asynccontextmanager
async def process(
    *, token: str = "", workers: int = 1, max_waiting: int = 64, port: int = 0, is_open: bool = True
) -> AsyncIterator[Process]:
    """A process with scripted engines of every kind, for the length of a block."""
    async with AsyncExitStack() as outer, AsyncExitStack() as stack:
        scheduler = Scheduler(workers, max_waiting=max_waiting)
        outer.push_async_callback(scheduler.close)
        gate = Gate()
        if is_open:
            gate.is_open.set()
        outer.callback(gate.is_open.set)
        recognizer = ScriptedRecognizer(scheduler, gate)
        app = EngineApp(
            ServedEngines(
                scheduler=scheduler,
                recognizer=recognizer,
                synthesizers=(ScriptedSynthesizer(scheduler, gate),),
                turn_judge=ScriptedJudge(),
                speaker_encoder=ScriptedEncoder(),
                emotion_recognizer=ScriptedEmotion(),
            ),
            token=token,
        )
        listener = socket.create_server(("127.0.0.1", port))
        stack.callback(listener.close)
        server = await stack.enter_async_context(serving(app, listener))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield Process(url, app, scheduler, gate, recognizer, listener, server, stack)
