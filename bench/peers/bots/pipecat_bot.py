"""A voice bot made with Pipecat, as its own examples make one, on the weights that kouyu uses.

    .venv-peers/bin/python bench/peers/pipecat_bot.py '{"port": 8765, ...}'

Runs in an environment of its own, without kouyu. It listens when its models are loaded. Each connection gets a pipeline
of its own, all of them in this process and with the same models. The client sends PCM of 16 kHz as binary messages and
commands as JSON; it gets PCM of 24 kHz, and JSON for what happens beside it.
"""

import asyncio
import functools
import json
import sys
from pathlib import Path
from typing import Any

import pipecat.services.piper.tts
import pipecat.services.whisper.stt
import uvicorn
from fastapi import FastAPI, WebSocket
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InputTransportMessageFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageUrgentFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

INPUT_RATE = 16_000
OUTPUT_RATE = 24_000
VAD_STOP_S = 0.2
"""The peer's default. Recognition begins then."""
SETTLING_S = 0.05


class PlainSerializer(FrameSerializer):
    """PCM as it is, everything else as JSON: less work than the peer's Protocol Buffers."""

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """What the client gets; None for what it does not need."""
        match frame:
            case OutputAudioRawFrame():
                return frame.audio
            case InterruptionFrame():
                return json.dumps({"type": "stop"})
            case OutputTransportMessageUrgentFrame(message={"type": "transcript" | "forgotten"}):
                return json.dumps(frame.message)
            case _:
                return None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """What the client sent."""
        if isinstance(data, bytes):
            return InputAudioRawFrame(audio=data, sample_rate=INPUT_RATE, num_channels=1)
        return InputTransportMessageFrame(message=json.loads(data))


class Commands(FrameProcessor):
    """Executes the benchmark's commands between turns: speak a text, or start a new conversation."""

    def __init__(self, context: LLMContext, opening: list[Any]) -> None:
        super().__init__()
        self._context = context
        self._opening = opening

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass on everything but commands."""
        await super().process_frame(frame, direction)
        match frame:
            case InputTransportMessageFrame(message={"say": text}):
                await self.push_frame(TTSSpeakFrame(text))
            case InputTransportMessageFrame(message={"forget": _}):
                await self.broadcast_interruption()
                await asyncio.sleep(SETTLING_S)  # the answer that was cut off goes into the context first
                self._context.set_messages(list(self._opening))
                await self.push_frame(OutputTransportMessageUrgentFrame(message={"type": "forgotten"}))
            case _:
                await self.push_frame(frame, direction)


class TranscriptTeller(FrameProcessor):
    """Sends the client the transcript: a misrecognised turn does not count."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass on everything."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            message = {"type": "transcript", "data": frame.text}
            await self.push_frame(OutputTransportMessageUrgentFrame(message=message))
        await self.push_frame(frame, direction)


def end_of_turn(options: dict[str, Any]) -> UserTurnStrategies:
    """``silence``: as much silence as kouyu waits for. ``smart``: the peer's default, Smart Turn."""
    if options["end_of_turn"] == "smart":
        return UserTurnStrategies()
    rest = options["silence_ms"] / 1000 - VAD_STOP_S
    return UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=rest)])


def language_model(options: dict[str, Any]) -> OpenAILLMService:
    """The endpoint that answers kouyu too, sampling as kouyu does."""
    body = dict(options["body"])
    settings = OpenAILLMService.Settings(
        model=options["model"],
        temperature=body.pop("temperature"),
        max_tokens=body.pop("max_tokens"),
        system_instruction=options["system"],
        extra={"extra_body": body},
    )
    return OpenAILLMService(api_key=options["api_key"], base_url=options["base_url"], settings=settings)


def recogniser(options: dict[str, Any]) -> WhisperSTTService:
    """Whisper on kouyu's weights."""
    settings = WhisperSTTService.Settings(model=options["whisper"])
    return WhisperSTTService(device="cpu", compute_type="int8", settings=settings)


def voice(options: dict[str, Any]) -> PiperTTSService:
    """Piper with kouyu's voice."""
    file = Path(options["voice"])
    return PiperTTSService(download_dir=file.parent, settings=PiperTTSService.Settings(voice=file.stem))


def pipeline(transport: FastAPIWebsocketTransport, options: dict[str, Any]) -> Pipeline:
    """The pipeline of the peer's voice examples, with local services."""
    opening = options["opening"]
    context = LLMContext(list(opening))
    user, assistant = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(params=VADParams(stop_secs=VAD_STOP_S)),
            user_turn_strategies=end_of_turn(options),
        ),
    )
    return Pipeline(
        [
            transport.input(),
            Commands(context, opening),
            recogniser(options),
            TranscriptTeller(),
            user,
            language_model(options),
            voice(options),
            transport.output(),
            assistant,
        ]
    )


def load_models_once(options: dict[str, Any]) -> None:
    """Have all services share the models, which each would load for itself, and load them now."""
    whisper, piper = pipecat.services.whisper.stt, pipecat.services.piper.tts
    whisper.WhisperModel = functools.cache(whisper.WhisperModel)
    piper.PiperVoice.load = staticmethod(functools.cache(piper.PiperVoice.load))
    recogniser(options)
    voice(options)


async def talk(websocket: WebSocket, options: dict[str, Any]) -> None:
    """Serve a client until it leaves."""
    await websocket.accept()
    transport = FastAPIWebsocketTransport(
        websocket,
        FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=PlainSerializer()),
    )
    worker = PipelineWorker(
        pipeline(transport, options),
        params=PipelineParams(audio_in_sample_rate=INPUT_RATE, audio_out_sample_rate=OUTPUT_RATE),
        enable_rtvi=False,  # the client does not speak it
    )

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(*_: Any) -> None:
        await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


def app(options: dict[str, Any]) -> FastAPI:
    """The server."""
    served = FastAPI()

    @served.websocket("/")
    async def connected(websocket: WebSocket) -> None:
        await talk(websocket, options)

    return served


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    told = json.loads(sys.argv[1])
    load_models_once(told)
    uvicorn.run(app(told), host="127.0.0.1", port=told["port"], log_level="warning", ws_per_message_deflate=False)
