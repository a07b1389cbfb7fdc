"""A conversation with the real engines in virtual time, and the work that it takes, in counts.

The event loop's time stands still while anything is at work, and moves by a frame when nothing is. So every transcript
and answer comes at once, however busy the machine is, and the same conversation takes the same work each time.
"""

import asyncio
import base64
import dataclasses
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import ctranslate2
import msgspec
import numpy as np
import pytest
from sqlalchemy import Engine, event

from kouyu.agents.chat_completion import Chunk, decode_chunk
from kouyu.agents.embedded.plan import EmbeddedOptions
from kouyu.assembly.lifespan import open_services
from kouyu.audio.echo import find_echo
from kouyu.audio.pcm import Samples, bytes_from_float
from kouyu.audio.uplink_decoding import AudioDecoder
from kouyu.bench.microphone import FRAME, Room
from kouyu.client.voice_client import UPLINK_AUDIO
from kouyu.conversation.turns import Turns
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.pressure import Pressure
from kouyu.engines.scheduler import Load
from kouyu.engines.tts.model_session import ModelSession
from kouyu.engines.vad.silero import SileroVoiceActivity
from kouyu.serving.services import Services
from kouyu.serving.socket import Take
from kouyu.session import echo_guard
from kouyu.session.connection import run_session
from kouyu.settings.all_settings import EngineSettings, Settings
from kouyu.settings.bots import BotSettings, ModelSettings
from kouyu.store.store import Store

Work = Counter[str]
"""How often each kind of work was done."""

_CALLBACKS: Final = 25
"""Turns of the event loop in which what is ready reaches the task that does it."""
_ORDERS: Final = ("order ", "read ahead")
"""How the names of the tasks begin that carry out a conversation's orders."""
_READING: Final = ("SELECT", "PRAGMA", "BEGIN")
_ANSWER_TOKENS: Final = 12
"""Most tokens of an answer: where else a model ends may depend on the processor, since rounding differs."""
_ANSWERED_S: Final = 30.0
"""Most seconds until an answer is complete."""
_STUCK_S: Final = 20.0
"""Real seconds of work without an end after which time goes on."""
_PLAYED_S: Final = 5.0
"""Seconds after that until its audio has been played."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still from ``hold`` on, and moves when it is told."""

    held: float | None = None

    def time(self) -> float:
        """The time in seconds."""
        return super().time() if self.held is None else self.held

    def hold(self) -> None:
        """Let the time stand still."""
        self.held = self.time()

    def move(self, seconds: float) -> None:
        """Let the time go on."""
        assert self.held is not None
        self.held += seconds

    @contextmanager
    def moving_when_stuck(self) -> Iterator[None]:
        """Let the time go on while the block takes very long: then something in it waits for time to pass, such as a
        second try at the language model."""
        is_over = threading.Event()

        def move() -> None:
            while not is_over.wait(_STUCK_S):
                self.call_soon_threadsafe(self.move, _STUCK_S)

        moving = threading.Thread(target=move)
        moving.start()
        try:
            yield
        finally:
            is_over.set()
            moving.join()


class Talk:
    """A client and its session; also the session's socket."""

    said_goodbye = True

    def __init__(self, services: Services, work: Work, loop: VirtualLoop) -> None:
        self._services = services
        self._work = work
        self._loop = loop
        self._room = Room()
        self._messages: asyncio.Queue[str | None] = asyncio.Queue()
        self.events: list[str] = []
        """The types of the events received."""
        self._answers = 0
        """Answers that were heard out."""

    # The socket

    async def receive(self, take: Take | None = None) -> str | None:
        """The next message of the client that ``take`` leaves."""
        while (message := await self._messages.get()) is not None and take is not None and take(message):
            pass
        self._work["messages that woke a task"] += 1
        return message

    async def send(self, text: str) -> None:
        """Take an event."""
        self.events.append(msgspec.json.decode(text)["event_type"])
        self._work["events sent"] += 1
        self._work["bytes sent"] += len(text)

    async def close(self, code: int, reason: str) -> None:
        """Fail: nothing here is a reason to close."""
        raise AssertionError(f"closed with {code}: {reason}")

    # The client

    async def tell(self, event_type: str, data: dict[str, Any]) -> None:
        """Send an event, and wait until nothing is at work."""
        self._messages.put_nowait(msgspec.json.encode({"id": "1", "event_type": event_type, "data": data}).decode())
        await self._settle()

    async def configure(self, turn_detection: str) -> None:
        """Choose how turns end."""
        wanted = {"input_audio": UPLINK_AUDIO, "turn_detection": {"type": turn_detection}}
        await self.tell("chat.update", {**wanted, "chat_config": {"auto_save_history": True}})

    async def say(self, speech: Samples) -> None:
        """Speak into the microphone, in frames of 20 ms."""
        for begin in range(0, len(speech), FRAME):
            await self._record(speech[begin : begin + FRAME], FRAME)

    async def hear_out(self, *, silence: bool) -> None:
        """Wait for the end of the answer and of its playout, with an open microphone if ``silence``."""
        waited_s, until_s = 0.0, _ANSWERED_S
        while waited_s < until_s:
            if until_s == _ANSWERED_S and self.events.count("conversation.chat.completed") > self._answers:
                self._answers += 1
                until_s = waited_s + _PLAYED_S
            if silence:
                await self._record(np.zeros(0, np.float32), 5 * FRAME)
            else:
                self._loop.move(5 * FRAME / SPEECH_RATE)
                await self._settle()
            waited_s += 5 * FRAME / SPEECH_RATE
        assert until_s != _ANSWERED_S, f"no answer: {self.events[-5:]}"

    async def _record(self, speech: Samples, size: int) -> None:
        sound = self._room.noise(size)
        sound[: len(speech)] += speech
        self._loop.move(size / SPEECH_RATE)
        await self.tell("input_audio_buffer.append", {"delta": base64.b64encode(bytes_from_float(sound)).decode()})

    def hang_up(self) -> None:
        """Disconnect."""
        self._messages.put_nowait(None)

    async def _settle(self) -> None:
        """Wait until no order is under way, and everything is saved and sent."""
        while True:
            received = len(self.events)
            await _spin()
            orders = [task for task in asyncio.all_tasks() if task.get_name().startswith(_ORDERS)]
            if orders:
                with self._loop.moving_when_stuck():
                    await asyncio.wait(orders)
            await self._services.store.of("").write()  # comes after all earlier writes
            await _spin()
            if not orders and len(self.events) == received and self._messages.empty():
                return


async def _spin() -> None:
    for _ in range(_CALLBACKS):
        await asyncio.sleep(0)


@asynccontextmanager
async def counted_talk(folder: Path, work: Work) -> AsyncIterator[Talk]:
    """A connection to a session with the default engines (of the voices English alone), whose work is counted."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    store = await Store.open(folder / "kouyu.db")
    try:
        engines = EngineSettings(tts=("hibari",), options={"embedded": EmbeddedOptions(tier="tiny")})
        bot = BotSettings(id="short", name="Short", model=ModelSettings(max_tokens=_ANSWER_TOKENS))
        settings = Settings(engines=engines, bots=(bot,))
        async with open_services(settings, store) as services:
            calm = Pressure(lambda: Load(waiting=0, running=0, oldest_wait=0.0))
            services = dataclasses.replace(services, pressure=calm)
            loop.hold()
            talk = Talk(services, work, loop)
            session = run_session(talk, services=services, bot_id=next(iter(services.bots)), log_id="counted")
            running = asyncio.create_task(session)
            work.clear()
            yield talk
            talk.hang_up()
            await running
    finally:
        await store.close()


@contextmanager
def counted_engines(work: Work) -> Iterator[None]:
    """Count what the libraries of the engines and the database are asked to do."""

    def statement_done(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        connection.info["has written"] = connection.info.get("has written") or not statement.startswith(_READING)

    def committed(connection: Any) -> None:
        work["commits"] += bool(connection.info.pop("has written", False))

    event.listen(Engine, "after_cursor_execute", statement_done)
    event.listen(Engine, "commit", committed)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ctranslate2.models, "Whisper", _counting_whisper(work))
            patch.setattr("kouyu.agents.openai_client.decode_chunk", _counting_decoder(work))
            patch.setattr(SileroVoiceActivity, "infer", _counting(work, "VAD runs", SileroVoiceActivity.infer))
            patch.setattr(AudioDecoder, "steps", _counting(work, "pieces decoded", AudioDecoder.steps))
            patch.setattr(Turns, "on_probability", _counting(work, "chunks with rules", Turns.on_probability))
            patch.setattr(echo_guard, "find_echo", _counting(work, "searches for an echo", find_echo))
            patch.setattr(ModelSession, "run_all", _counting(work, "voice runs", ModelSession.run_all))
            yield
    finally:
        event.remove(Engine, "after_cursor_execute", statement_done)
        event.remove(Engine, "commit", committed)


def _counting(work: Work, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def counting(*arguments: Any, **options: Any) -> Any:
        work[name] += 1
        return method(*arguments, **options)

    return counting


def _counting_whisper(work: Work) -> Callable[..., Any]:
    """ctranslate2's Whisper, which counts encoder runs and decoder steps. The small model's are counted apart."""

    class CountingWhisper:
        def __init__(self, folder: str, **options: Any) -> None:
            self._model = whisper(folder, **options)
            self._name = "small " if "tiny" in folder else ""

        def __getattr__(self, name: str) -> Any:
            return getattr(self._model, name)

        def encode(self, features: Any) -> Any:
            work[f"{self._name}encoder runs"] += features.shape[0]
            return self._model.encode(features)

        def generate(self, encoded: Any, prompts: Any, **options: Any) -> Any:
            results = self._model.generate(encoded, prompts, **options)
            work[f"{self._name}decoder steps"] += sum(len(result.sequences_ids[0]) for result in results)
            return results

    whisper = ctranslate2.models.Whisper
    return CountingWhisper


class _Timings(msgspec.Struct):
    """What llama.cpp's server says at the end of an answer."""

    prompt_n: int
    predicted_n: int


class _LastChunk(msgspec.Struct):
    timings: _Timings | None = None


def _counting_decoder(work: Work) -> Callable[[bytes], Chunk]:
    def counting(data: bytes) -> Chunk:
        if (timings := msgspec.json.decode(data, type=_LastChunk).timings) is not None:
            work["language model requests"] += 1
            work["tokens read"] += timings.prompt_n
            work["tokens written"] += timings.predicted_n
        return decode_chunk(data)

    return counting
