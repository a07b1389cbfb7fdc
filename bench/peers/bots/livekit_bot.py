"""A voice agent made with LiveKit Agents, on the weights that kouyu uses, without a room.

    .venv-peers/bin/python bench/peers/bots/livekit_bot.py '{"port": 8765, ...}'

Runs in an environment of its own, without kouyu. It listens when its models are loaded. Each connection gets an
AgentSession of its own, all of them in this process and with the same models. The client sends PCM of 16 kHz as binary
messages and commands as JSON; it gets PCM of 24 kHz, and JSON for what happens beside it.
"""

import asyncio
import contextlib
import json
import logging
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from livekit import rtc
from livekit.agents import Agent, AgentSession, UserInputTranscribedEvent, inference, llm, stt, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions
from livekit.agents.voice import io
from livekit.plugins import openai
from piper import PiperVoice
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

INPUT_RATE = 16_000
OUTPUT_RATE = 24_000
LANGUAGE = "en"
SHORTEST_INTERRUPTION_S = 0.05
"""What its voice activity detection needs itself. With 0 it takes silence for an interruption."""


class Whisper(stt.STT):
    """faster-whisper with its defaults, as Pipecat's service has it."""

    def __init__(self, model: WhisperModel) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._whisper = model

    async def _recognize_impl(
        self, buffer: utils.AudioBuffer, *, language: Any = NOT_GIVEN, conn_options: APIConnectOptions
    ) -> stt.SpeechEvent:
        frame = rtc.combine_audio_frames(buffer)
        samples = np.frombuffer(frame.data, np.int16).astype(np.float32) / 32768
        text = await asyncio.to_thread(self._transcribe, samples)
        heard = [stt.SpeechData(language=LANGUAGE, text=text)]
        return stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=heard)

    def _transcribe(self, samples: np.ndarray) -> str:
        segments, _ = self._whisper.transcribe(samples, language=LANGUAGE)
        return " ".join(segment.text.strip() for segment in segments)


class Piper(tts.TTS):
    """Piper; the framework gives it one sentence after the other."""

    def __init__(self, voice: PiperVoice) -> None:
        capabilities = tts.TTSCapabilities(streaming=False)
        super().__init__(capabilities=capabilities, sample_rate=voice.config.sample_rate, num_channels=1)
        self.voice = voice

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return Speech(tts=self, input_text=text, conn_options=conn_options)


class Speech(tts.ChunkedStream):
    """A piece of speech by Piper."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(), sample_rate=self._tts.sample_rate, num_channels=1, mime_type="audio/pcm"
        )
        pieces = self._tts.voice.synthesize(self._input_text)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            output_emitter.push(piece.audio_int16_bytes)
        output_emitter.flush()


class Microphone(io.AudioInput):
    """The client's audio."""

    def __init__(self) -> None:
        super().__init__(label="WebSocket")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue(maxsize=500)

    def heard(self, pcm: bytes) -> None:
        """Take a frame."""
        self._frames.put_nowait(rtc.AudioFrame(pcm, INPUT_RATE, 1, len(pcm) // 2))

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.get()


class Loudspeaker(io.AudioOutput):
    """The client, which plays what it gets, and stops when it is told."""

    def __init__(self, connection: ServerConnection) -> None:
        super().__init__(
            label="WebSocket",
            capabilities=io.AudioOutputCapabilities(pause=False),
            next_in_chain=None,
            sample_rate=OUTPUT_RATE,
        )
        self._connection = connection
        self._began = 0.0
        self._pushed_s = 0.0
        self._playing: asyncio.Task[None] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Send a frame."""
        await super().capture_frame(frame)
        if not self._pushed_s:
            self._began = time.monotonic()
            self.on_playback_started(created_at=time.time())
        self._pushed_s += frame.duration
        with contextlib.suppress(ConnectionClosed):
            await self._connection.send(bytes(frame.data))

    def flush(self) -> None:
        """A piece is complete: it has been played when its length has passed."""
        super().flush()
        if self._pushed_s and self._playing is None:
            self._playing = asyncio.create_task(self._play(self._began + self._pushed_s))

    def clear_buffer(self) -> None:
        """Stop playing."""
        if self._pushed_s:
            if self._playing is not None:
                self._playing.cancel()
            tell(self._connection, "stop")
            self._played(min(time.monotonic() - self._began, self._pushed_s), interrupted=True)

    async def _play(self, until: float) -> None:
        await asyncio.sleep(until - time.monotonic())
        self._played(self._pushed_s, interrupted=False)

    def _played(self, seconds: float, *, interrupted: bool) -> None:
        self._pushed_s, self._playing = 0.0, None
        self.on_playback_finished(playback_position=seconds, interrupted=interrupted)


telling: set[asyncio.Task[None]] = set()


def tell(connection: ServerConnection, kind: str, data: Any = None) -> None:
    """Send a message."""

    async def send() -> None:
        with contextlib.suppress(ConnectionClosed):
            await connection.send(json.dumps({"type": kind, "data": data}))

    telling.add(task := asyncio.create_task(send()))
    task.add_done_callback(telling.discard)


def language_model(options: dict[str, Any]) -> openai.LLM:
    """The endpoint that answers kouyu too, sampling as kouyu does."""
    body = dict(options["body"])
    temperature = body.pop("temperature")
    return openai.LLM(
        model=options["model"],
        api_key=options["api_key"],
        base_url=options["base_url"],
        temperature=temperature,
        extra_body=body,
    )


def turn_handling(options: dict[str, Any]) -> dict[str, Any]:
    """``silence``: as much silence as kouyu waits for, and interrupted as soon as voice activity begins.
    ``detector``: the framework's own defaults with its turn detector."""
    if options["end_of_turn"] == "detector":
        return {"turn_detection": inference.TurnDetector(version="v1-mini")}
    return {
        "turn_detection": "vad",
        "endpointing": {"min_delay": options["silence_ms"] / 1000},
        "interruption": {"mode": "vad", "min_duration": SHORTEST_INTERRUPTION_S},
    }


class Engines:
    """The models, which all sessions share."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.whisper = WhisperModel(options["whisper"], device="cpu", compute_type="int8")
        self.piper = PiperVoice.load(options["voice"])

    def session(self) -> AgentSession:
        """A new session."""
        settings: dict[str, Any] = {}
        if self.options["end_of_turn"] == "silence":
            settings["aec_warmup_duration"] = None
        return AgentSession(
            stt=Whisper(self.whisper),
            llm=language_model(self.options),
            tts=Piper(self.piper),
            vad=inference.VAD(),
            turn_handling=turn_handling(self.options),
            **settings,
        )

    def opening(self) -> llm.ChatContext:
        """The context of a new conversation: kouyu's examples."""
        opening = llm.ChatContext.empty()
        for message in self.options["opening"]:
            opening.add_message(role=message["role"], content=message["content"])
        return opening


@contextlib.asynccontextmanager
async def started(connection: ServerConnection, engines: Engines) -> AsyncIterator[tuple[AgentSession, Microphone]]:
    """A session that has started."""
    session, microphone = engines.session(), Microphone()

    @session.on("user_input_transcribed")
    def transcribed(event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            tell(connection, "transcript", event.transcript)

    session.input.audio = microphone
    session.output.audio = Loudspeaker(connection)
    await session.start(Agent(instructions=engines.options["system"], chat_ctx=engines.opening()), record=False)
    try:
        yield session, microphone
    finally:
        await session.aclose()


async def talk(connection: ServerConnection, engines: Engines) -> None:
    """Serve a client until it leaves."""
    async with started(connection, engines) as (session, microphone):
        async for message in connection:
            match message if isinstance(message, bytes) else json.loads(message):
                case bytes() as pcm:
                    microphone.heard(pcm)
                case {"say": text}:
                    session.say(text)
                case {"forget": _}:
                    await session.interrupt(force=True)
                    await session.current_agent.update_chat_ctx(engines.opening())
                    tell(connection, "forgotten")


async def main(options: dict[str, Any]) -> None:
    """Serve clients until interrupted."""
    engines = Engines(options)
    async with serve(lambda connection: talk(connection, engines), "127.0.0.1", options["port"], compression=None):
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(json.loads(sys.argv[1])))
