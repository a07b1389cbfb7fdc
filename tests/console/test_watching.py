"""Watching a connection that somebody else opened, and the events of one's own."""

import asyncio
import os
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kouyu.audio.pcm import bytes_from_float
from kouyu.audio.wav import read_listening_audio
from tests.console.page import Page
from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer
from tests.sdk.node_project import FOLDER, PATIENCE_S
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


def test_a_device_is_found_among_the_live_connections_and_watched(page: Page, questions: Path, tmp_path: Path) -> None:
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
    assert "KOUYU_TOKEN" in seen["script"]
    assert page.server.token not in seen["script"]
    printed = run_python(page.server, seen["script"], tmp_path, str(questions / "en-capital.wav"))
    assert "↓ chat.updated" in printed
    assert seen["address"] == f"#/health/{seen['facts']['Log id']}"


def test_the_events_of_ones_own_conversation_begin_with_the_first(page: Page, tmp_path: Path) -> None:
    seen = page.does("watching", "ownEvents", bot="echo")
    assert [row["type"] for row in seen["all"][:3]] == ["chat.created", "chat.update", "chat.updated"]
    assert any("× audio" in row["brief"] for row in seen["all"])
    assert not [row for row in seen["withoutAudio"] if "× audio" in row["brief"]]
    assert "conversation.message.create" in {row["type"] for row in seen["found"]}
    printed = run_python(page.server, seen["script"], tmp_path)
    assert next(line for line in printed.splitlines() if line.startswith("↑")) == "↑ chat.update"
    assert '"content": "Good morning"' in printed
    assert "↓ conversation.chat.completed" in printed


SPOKEN = {"turn_detection.type": "server_vad", "output_audio.speech_rate": 20}


def test_the_call_as_python_as_javascript_and_with_curl(page: Page, questions: Path, tmp_path: Path) -> None:
    copied = page.does("watching", "programs", bot="echo", settings=SPOKEN)["copied"]
    assert not [language for language, text in copied.items() if page.server.token in text]
    assert '"speech_rate": 20' in copied["Python"]
    said = run_python(page.server, copied["Python"], tmp_path, str(questions / "en-capital.wav"))
    assert "capital of France" in said.partition("heard:")[2].splitlines()[1]
    with wave.open(str(tmp_path / "answer.wav")) as answer:
        assert answer.getnframes() > 20_000
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    (tmp_path / "call.mjs").write_text(copied["JavaScript"])
    assert "Good evening" in run(page.server, [page.node, "call.mjs", "Good evening"], tmp_path)
    answered = run(page.server, ["sh", "-c", copied["curl"]], tmp_path)
    assert "event:conversation.chat.completed" in answered.replace(": ", ":")


def run(server: RunningServer, command: list[str], folder: Path) -> str:
    """What a program prints, which reads the token from the environment."""
    environment = {**os.environ, "KOUYU_TOKEN": server.token}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_python(server: RunningServer, program: str, folder: Path, *arguments: str) -> str:
    (folder / "program.py").write_text(program)
    return run(server, [sys.executable, "program.py", *arguments], folder)
