"""Watching a connection that somebody else opened, and the events of one's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kouyu.audio.pcm import bytes_from_float
from kouyu.audio.wav import read_listening_audio
from tests.console.page import Page
from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.standins.background import in_background

pytestmark = pytest.mark.sdk


@asynccontextmanager
async def device(server: RunningServer, question: Path) -> AsyncIterator[None]:
    """A client in free talk that asks a question again and again, until the block ends."""
    sound = bytes_from_float(read_listening_audio(question))

    async def talk_on() -> None:
        async with talking(server, "echo") as talk:
            await talk.configure(turn_detection={"type": "server_vad"}, output_audio={"codec": "opus"})
            while True:
                await talk.client.stream(sound + bytes(2 * 16_000 * 6))

    talking_on = asyncio.create_task(talk_on())
    try:
        yield
    finally:
        talking_on.cancel()
        await asyncio.wait({talking_on})


def test_a_device_is_found_among_the_live_connections_and_watched(page: Page, questions: Path) -> None:
    with in_background(lambda: device(page.server, questions / "en-capital.wav")):
        seen = page.does("watching", "device")
    assert "pcm 16 kHz → opus 24 kHz" in seen["listed"]
    assert "websockets" in seen["listed"]
    assert seen["facts"]["How to talk"] == "Free talk"
    assert any("from your last word to the first sound" in reason for reason in seen["reasons"])
    sent = {row["type"] for row in seen["rows"] if row["direction"] == "down"}
    assert sent >= {"input_audio_buffer.speech_started", "conversation.chat.created", "conversation.audio.delta"}
    audio = [row["brief"] for row in seen["rows"] if row["direction"] == "up"]
    assert all("bytes" in brief for brief in audio)
    assert seen["opened"]["detail"]["logid"] == seen["facts"]["Log id"]
    assert seen["address"] == f"#/health/{seen['facts']['Log id']}"


def test_the_events_of_ones_own_conversation_begin_with_the_first(page: Page) -> None:
    seen = page.does("watching", "ownEvents", bot="echo")
    assert [row["type"] for row in seen["all"][:3]] == ["chat.created", "chat.update", "chat.updated"]
    assert any("× audio" in row["brief"] for row in seen["all"])
    assert not [row for row in seen["withoutAudio"] if "× audio" in row["brief"]]
    assert "conversation.message.create" in {row["type"] for row in seen["found"]}
