"""A voice app as one writes it with Pipecat, with frames pushed into its pipeline instead of a transport.

Asks, interrupts a story, and has a tool called; prints what it has seen, as JSON.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any

from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from questions import FRAME, FRAME_MS, RATE, question

seen: dict[str, Any] = {"heard": [], "said": [], "tools": [], "interruptions": 0, "seconds": 0.0, "errors": []}
speech = bytearray()


class Ears(FrameProcessor):
    """Takes in what comes out of the service."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self.sounding = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case TTSAudioRawFrame():
                seen["seconds"] += len(frame.audio) / 2 / RATE
                self.sounding.set()
            case LLMTextFrame():
                self._text += frame.text
            case LLMFullResponseEndFrame():
                seen["said"].append(self._text)
                self._text = ""
            case InterruptionFrame():
                seen["interruptions"] += 1
            case ErrorFrame():
                seen["errors"].append(frame.error)
        await self.push_frame(frame, direction)


async def microphone(task: PipelineTask) -> None:
    """Silence in real time, and questions."""
    due = time.monotonic()
    while True:
        frame = bytes(speech[:FRAME]).ljust(FRAME, b"\0")
        del speech[:FRAME]
        await task.queue_frame(InputAudioRawFrame(audio=frame, sample_rate=RATE, num_channels=1))
        due += FRAME_MS / 1000
        await asyncio.sleep(due - time.monotonic())


async def until(what: str, count: int) -> None:
    while len(seen[what]) < count:
        await asyncio.sleep(0.05)


async def main() -> None:
    transcription = events.InputAudioTranscription(model="gpt-4o-mini-transcribe")
    properties = events.SessionProperties(
        audio=events.AudioConfiguration(
            input=events.AudioInput(transcription=transcription, turn_detection=events.TurnDetection())
        )
    )
    service = OpenAIRealtimeLLMService(
        api_key=os.environ["KOUYU_TOKEN"],
        base_url=os.environ["KOUYU_HTTP"].replace("http", "ws") + "/openai/v1/realtime",
        settings=OpenAIRealtimeLLMService.Settings(model="voice", session_properties=properties),
    )

    async def weather(params: Any) -> None:
        seen["tools"].append(params.arguments["city"])
        await params.result_callback({"weather": "sunny and warm"})

    service.register_function("weather", weather)
    schema = FunctionSchema("weather", "The weather of a city.", {"city": {"type": "string"}}, ["city"])
    context = LLMContext([{"role": "developer", "content": "You know the weather."}], ToolsSchema([schema]))
    aggregators = LLMContextAggregatorPair(context, realtime_service_mode=True)
    ears = Ears()
    pipeline = Pipeline([aggregators.user(), service, ears, aggregators.assistant()])
    task = PipelineTask(pipeline, params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE))
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    await task.queue_frame(LLMRunFrame())
    try:
        async with asyncio.timeout(float(os.environ["PATIENCE_S"])):
            await until("said", 1)
            sending = asyncio.create_task(microphone(task))
            await asyncio.sleep(1)
            speech.extend(question("en-capital"))
            await until("said", 2)
            await asyncio.sleep(3)
            ears.sounding.clear()
            speech.extend(question("en-story"))
            await ears.sounding.wait()
            await asyncio.sleep(1.5)
            speech.extend(question("en-how-are-you"))
            await until("said", 4)
            await asyncio.sleep(3)
            speech.extend(question("en-help"))
            await until("tools", 1)
            await until("said", 5)
            await asyncio.sleep(1)
            sending.cancel()
    except TimeoutError:
        seen["errors"].append("timeout")
    seen["history"] = [
        (message["role"], message.get("content")) for message in context.messages if isinstance(message, dict)
    ]
    await task.cancel()
    await running


asyncio.run(main())
json.dump(seen, sys.stdout)
