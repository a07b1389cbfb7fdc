"""A voice bot made with Pipecat, as its own examples make one, on the weights that kouyu uses.

    .venv-peers/bin/python bench/peers/pipecat_bot.py '{"port": 8765, ...}'

Runs in an environment of its own, without kouyu. Prints a line when clients can come. The client sends PCM of 16 kHz as
binary messages and commands as JSON; it gets PCM of 24 kHz, and JSON for what happens beside it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

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
from pipecat.transports.websocket.server import SingleClientWebsocketServerParams, SingleClientWebsocketServerTransport
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
                return json.dumps({"type": "interruption"})
            case OutputTransportMessageUrgentFrame(message={"type": "transcript" | "cleared"}):
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
            case InputTransportMessageFrame(message={"clear": _}):
                await self.broadcast_interruption()
                await asyncio.sleep(SETTLING_S)  # the answer that was cut off goes into the context first
                self._context.set_messages(list(self._opening))
                await self.push_frame(OutputTransportMessageUrgentFrame(message={"type": "cleared"}))
            case _:
                await self.push_frame(frame, direction)


class TranscriptTeller(FrameProcessor):
    """Sends the client the transcript: a misrecognised turn does not count."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass on everything."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            message = {"type": "transcript", "text": frame.text}
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


def pipeline(transport: SingleClientWebsocketServerTransport, options: dict[str, Any]) -> Pipeline:
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
    voice = Path(options["voice"])
    return Pipeline(
        [
            transport.input(),
            Commands(context, opening),
            WhisperSTTService(
                device="cpu", compute_type="int8", settings=WhisperSTTService.Settings(model=options["whisper"])
            ),
            TranscriptTeller(),
            user,
            language_model(options),
            PiperTTSService(download_dir=voice.parent, settings=PiperTTSService.Settings(voice=voice.stem)),
            transport.output(),
            assistant,
        ]
    )


async def serve(options: dict[str, Any]) -> None:
    """Serve one client after the other until interrupted."""
    transport = SingleClientWebsocketServerTransport(
        SingleClientWebsocketServerParams(audio_in_enabled=True, audio_out_enabled=True, serializer=PlainSerializer()),
        host="127.0.0.1",
        port=options["port"],
    )

    @transport.event_handler("on_websocket_ready")
    async def on_websocket_ready(_: Any) -> None:
        print(json.dumps({"port": options["port"]}), flush=True)

    worker = PipelineWorker(
        pipeline(transport, options),
        params=PipelineParams(audio_in_sample_rate=INPUT_RATE, audio_out_sample_rate=OUTPUT_RATE),
        enable_rtvi=False,  # the client does not speak it
    )
    runner = WorkerRunner()
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    asyncio.run(serve(json.loads(sys.argv[1])))
