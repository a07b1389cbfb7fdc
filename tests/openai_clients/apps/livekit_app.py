"""A voice app as one writes it with LiveKit Agents, with a microphone and a loudspeaker of its own instead of a room.

Asks, interrupts a story, and has a tool called; prints what it has seen, as JSON.
"""

import asyncio
import json
import os
import sys
import time

from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities
from livekit.plugins.openai.realtime import RealtimeModel
from questions import FRAME, FRAME_MS, RATE, question

seen: dict[str, list[object]] = {"heard": [], "said": [], "tools": [], "interrupted_at": [], "errors": []}


class Microphone(AudioInput):
    """Sends silence in real time, and questions."""

    def __init__(self) -> None:
        super().__init__(label="microphone")
        self._speech = b""
        self._due = time.monotonic()

    def say(self, name: str) -> None:
        self._speech += question(name)

    async def __anext__(self) -> rtc.AudioFrame:
        self._due = max(self._due + FRAME_MS / 1000, time.monotonic() - 1)
        await asyncio.sleep(self._due - time.monotonic())
        frame, self._speech = self._speech[:FRAME], self._speech[FRAME:]
        return rtc.AudioFrame(frame.ljust(FRAME, b"\0"), RATE, 1, FRAME // 2)


class Loudspeaker(AudioOutput):
    """Plays in real time."""

    def __init__(self) -> None:
        super().__init__(label="speaker", capabilities=AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self.began = asyncio.Event()
        self._since = 0.0
        self._seconds = 0.0
        self._end: asyncio.Task[None] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._seconds:
            self._since = time.monotonic()
            self.on_playback_started(created_at=time.time())
        self._seconds += frame.duration
        self.began.set()

    def flush(self) -> None:
        super().flush()
        if self._seconds:
            self._end = asyncio.create_task(self._play_out())

    async def _play_out(self) -> None:
        await asyncio.sleep(self._since + self._seconds - time.monotonic())
        self._finish(interrupted=False)

    def clear_buffer(self) -> None:
        if self._end is not None:
            self._end.cancel()
        if self._seconds:
            seen["interrupted_at"].append(round(min(time.monotonic() - self._since, self._seconds), 2))
            self._finish(interrupted=True)

    def _finish(self, *, interrupted: bool) -> None:
        played = min(self._seconds, time.monotonic() - self._since)
        self._seconds = 0.0
        self._end = None
        self.on_playback_finished(playback_position=played, interrupted=interrupted)


class Assistant(Agent):
    """With one tool."""

    def __init__(self) -> None:
        super().__init__(instructions="You know the weather.")

    @function_tool
    async def weather(self, city: str) -> str:
        """The weather of a city."""
        seen["tools"].append(city)
        return "sunny and warm"


async def until(what: str, count: int) -> None:
    while len(seen[what]) < count:
        await asyncio.sleep(0.05)


async def main() -> None:
    model = RealtimeModel(
        base_url=f"{os.environ['KOUYU_HTTP']}/openai/v1", api_key=os.environ["KOUYU_TOKEN"], model="voice"
    )
    session = AgentSession(llm=model)
    microphone, loudspeaker = Microphone(), Loudspeaker()
    session.input.audio, session.output.audio = microphone, loudspeaker

    @session.on("user_input_transcribed")
    def on_transcript(event: object) -> None:
        if event.is_final:
            seen["heard"].append(event.transcript)

    @session.on("conversation_item_added")
    def on_item(event: object) -> None:
        item = event.item
        if getattr(item, "role", "") == "assistant":
            seen["said"].append(item.text_content)

    @session.on("error")
    def on_error(event: object) -> None:
        seen["errors"].append(str(event))

    await session.start(Assistant())
    async with asyncio.timeout(float(os.environ["PATIENCE_S"])):
        microphone.say("en-capital")
        await until("said", 1)
        await asyncio.sleep(1)
        loudspeaker.began.clear()
        microphone.say("en-story")
        await loudspeaker.began.wait()
        await asyncio.sleep(1.5)
        microphone.say("en-how-are-you")
        await until("interrupted_at", 1)
        await until("said", 3)
        await asyncio.sleep(2)
        microphone.say("en-help")
        await until("tools", 1)
        await until("said", 4)
    seen["history"] = [
        (item.role, item.text_content) for item in session.history.items if getattr(item, "type", "") == "message"
    ]
    await session.aclose()


try:
    asyncio.run(main())
except TimeoutError:
    seen["errors"].append("timeout")
json.dump(seen, sys.stdout)
