"""cozepy's own examples, unchanged, talk with a server.

They are no part of this repository: KOUYU_COZEPY_EXAMPLES is the folder ``examples`` of a checkout of cozepy.
"""

import os
import re
import subprocess
import sys
import wave
from itertools import islice
from pathlib import Path

import pytest

from tests.end_to_end.running_server import RunningServer

FOLDER = os.environ.get("KOUYU_COZEPY_EXAMPLES", "")
PATIENCE_S = 120
ROUNDS = 3

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(not FOLDER, reason="KOUYU_COZEPY_EXAMPLES is not set to the folder of cozepy's examples"),
]


def start(server: RunningServer, example: str, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """An example as its author meant it to be run: everything comes from the environment."""
    told = {
        "COZE_API_BASE": server.https,
        "COZE_API_TOKEN": server.token,
        "COZE_BOT_ID": server.bots[0],
        "COZE_LOG": "info",
        "SSL_CERT_FILE": server.ca,
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, str(Path(FOLDER) / example)],
        cwd=folder,
        env={**os.environ, **told, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def output(server: RunningServer, example: str, folder: Path, **environment: str) -> str:
    """What an example prints; it must end well."""
    with start(server, example, folder, **environment) as program:
        try:
            said, _ = program.communicate(timeout=PATIENCE_S)
        finally:
            program.kill()
    assert program.returncode == 0, said
    assert "Error occurred" not in said, said
    return said


def seconds(file: Path) -> float:
    with wave.open(str(file)) as recording:
        return float(recording.getnframes() / recording.getframerate())


def test_chat_stream(server: RunningServer, tmp_path: Path) -> None:
    said = output(server, "chat_stream.py", tmp_path)
    story, _, usage = said.partition("logid: ")[2].partition("token usage: ")
    assert len(story.split()) > 20
    assert int(usage) > 20


def test_websockets_chat(server: RunningServer, tmp_path: Path) -> None:
    said = output(server, "websockets_chat.py", tmp_path, COZE_TEXT="What is the capital of France?")
    answer = "".join(re.findall(r"^Received: (.*)$", said, re.MULTILINE))
    assert "Paris" in answer
    assert seconds(tmp_path / "output.wav") > 0.5


def test_websockets_audio_speech(server: RunningServer, tmp_path: Path) -> None:
    output(server, "websockets_audio_speech.py", tmp_path)
    assert 1.0 < seconds(tmp_path / "output.wav") < 10.0


def test_websockets_audio_transcriptions(server: RunningServer, tmp_path: Path) -> None:
    assert "今天天气" in output(server, "websockets_audio_transcriptions.py", tmp_path)


def test_benchmark_websockets_chat(server: RunningServer, tmp_path: Path) -> None:
    """It makes fifty rounds; the first few are enough to see it work."""
    with start(server, "benchmark_websockets_chat.py", tmp_path, COZE_TEXT="Tell me a joke.") as program:
        assert program.stdout is not None
        try:
            rounds = (line for line in program.stdout if line.startswith("[latency.ws]"))
            lines = list(islice(rounds, ROUNDS))
        finally:
            program.kill()
    assert len(lines) == ROUNDS
    for line in lines:
        latencies = [int(found) for found in re.findall(r"(?:CURRENT|AVG)=(-?\d+)ms", line)]
        assert latencies
        assert all(0 <= latency < PATIENCE_S * 1000 for latency in latencies)
