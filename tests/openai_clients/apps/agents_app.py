"""A voice agent as one writes it with openai-agents: asks, interrupts a story, and has a tool called.

Prints what it has seen, as JSON.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner
from questions import FRAME, FRAME_MS, RATE, question

seen: dict[str, Any] = {"said": 0, "tools": [], "interruptions": 0, "seconds": 0.0, "errors": [], "history": []}
speech = bytearray()


@function_tool
def weather(city: str) -> str:
    """The weather of a city."""
    seen["tools"].append(city)
    return "sunny and warm"


async def microphone(session: Any) -> None:
    """Silence in real time, and questions."""
    due = time.monotonic()
    while True:
        frame = bytes(speech[:FRAME]).ljust(FRAME, b"\0")
        del speech[:FRAME]
        await session.send_audio(frame)
        due += FRAME_MS / 1000
        await asyncio.sleep(due - time.monotonic())


async def listen(session: Any) -> None:
    async for event in session:
        match event.type:
            case "audio":
                seen["seconds"] += len(event.audio.data) / 2 / RATE
            case "audio_interrupted":
                seen["interruptions"] += 1
            case "agent_end":
                seen["said"] += 1
            case "error":
                seen["errors"].append(str(event.error))
            case "history_updated":
                seen["history"] = [
                    (item.role, " ".join(getattr(part, "transcript", None) or "" for part in item.content))
                    for item in event.history
                    if item.type == "message"
                ]


async def until(happened: Any) -> None:
    while not happened():
        await asyncio.sleep(0.05)


def said(text: str) -> Any:
    return lambda: any(role == "assistant" and text in content for role, content in seen["history"])


async def main() -> None:
    agent = RealtimeAgent(name="Assistant", instructions="You know the weather.", tools=[weather])
    url = os.environ["KOUYU_HTTP"].replace("http", "ws") + "/openai/v1/realtime?model=voice"
    transcription = {"model": "gpt-4o-mini-transcribe"}
    detection = {"type": "server_vad", "interrupt_response": True}
    settings: Any = {"audio": {"input": {"transcription": transcription, "turn_detection": detection}}}
    session = await RealtimeRunner(agent).run(
        model_config={"url": url, "api_key": os.environ["KOUYU_TOKEN"], "initial_model_settings": settings}
    )
    async with session, asyncio.timeout(float(os.environ["PATIENCE_S"])):
        tasks = [asyncio.create_task(listen(session)), asyncio.create_task(microphone(session))]
        speech.extend(question("en-capital"))
        await until(said("Paris"))
        await asyncio.sleep(2.5)
        before = seen["seconds"]
        speech.extend(question("en-story"))
        await until(lambda: seen["seconds"] > before)
        await asyncio.sleep(1.5)
        speech.extend(question("en-how-are-you"))
        await until(lambda: seen["interruptions"])
        await until(said("fine"))
        await asyncio.sleep(2.5)
        speech.extend(question("en-help"))
        await until(lambda: seen["tools"])
        await until(said("sunny"))
        for task in tasks:
            task.cancel()


try:
    asyncio.run(main())
except TimeoutError:
    seen["errors"].append("timeout")
json.dump(seen, sys.stdout)
