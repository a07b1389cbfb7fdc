"""`kouyu play` and `kouyu cassette`, as their users call them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TRACES = Path(__file__).parents[1] / "traces"
SERVICE = TRACES / "cassette"
CLIENT = """
import asyncio, json, os, sys
from websockets.asyncio.client import connect

async def main():
    async with connect(os.environ["KOUYU_WS_URL"] + "/v1/audio/speech") as socket:
        await socket.send(json.dumps({"event_type": "input_text_buffer.append", "data": {"delta": sys.argv[1]}}))
        await socket.send(json.dumps({"event_type": "input_text_buffer.complete"}))
        async for message in socket:
            if json.loads(message)["event_type"] in ("speech.audio.completed", "error"):
                return

asyncio.run(main())
sys.exit(int(sys.argv[2]))
"""


def play(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kouyu", "play", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("text", "own_code", "code"), [("今天天气不错", 0, 0), ("今天天气不错", 7, 7), ("Good evening", 0, 3)]
)
def test_a_command_runs_against_the_cassette_and_a_difference_is_exit_code_3(
    text: str, own_code: int, code: int
) -> None:
    done = play(str(SERVICE), "--fast", "--", sys.executable, "-c", CLIENT, text, str(own_code))
    assert done.returncode == code, done.stderr
    assert ("the client does something else than the recorded one: connection-0003.jsonl, line 2" in done.stderr) == (
        code == 3
    )


def test_connections_that_nobody_opened_are_named_where_each_is_to_be_played_once() -> None:
    done = play(str(SERVICE), "--fast", "--once", "--", sys.executable, "-c", CLIENT, "今天天气不错", "0")
    assert done.returncode == 3
    assert (
        "no client opened the connections of connection-0001.jsonl, connection-0002.jsonl, connection-0004"
        in done.stderr
    )


@pytest.mark.parametrize(("text", "code"), [("今天天气不错", 0), ("Good evening", 3)])
def test_a_player_without_a_command_ends_at_a_signal(text: str, code: int) -> None:
    command = [sys.executable, "-m", "kouyu", "play", str(SERVICE), "--fast", "--port", "0", "--print-json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            environment = {**os.environ, "KOUYU_WS_URL": url.replace("http", "ws", 1)}
            subprocess.run([sys.executable, "-c", CLIENT, text, "0"], env=environment, check=True, timeout=60)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == code
        finally:
            process.kill()


@pytest.mark.parametrize(("text", "code"), [("今天天气不错", 0), ("Good evening", 3)])
def test_a_player_that_plays_each_connection_once_ends_by_itself(text: str, code: int, tmp_path: Path) -> None:
    for name in ("cassette.json", "connection-0003.jsonl", "connection-0003.audio"):
        (tmp_path / name).write_bytes((SERVICE / name).read_bytes())
    command = [sys.executable, "-m", "kouyu", "play", str(tmp_path), "--fast", "--once", "--port", "0", "--print-json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            environment = {**os.environ, "KOUYU_WS_URL": url.replace("http", "ws", 1)}
            subprocess.run([sys.executable, "-c", CLIENT, text, "0"], env=environment, check=True, timeout=60)
            assert process.wait(60) == code
        finally:
            process.kill()


def test_what_cannot_be_played_is_said_in_one_line(tmp_path: Path) -> None:
    assert play(str(tmp_path)).stderr == f"Error: {tmp_path} is no cassette: it has no cassette.json\n"
    assert "gone-by-now: No such file or directory" in play(str(SERVICE), "--", "gone-by-now").stderr


def test_sessions_are_imported(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kouyu", "cassette", "import", str(TRACES / "typed_question.jsonl")]
    done = subprocess.run(
        [*command, "--to", str(tmp_path / "made")], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(file.name for file in (tmp_path / "made").iterdir()) == [
        "cassette.json",
        "connection-0001.audio",
        "connection-0001.jsonl",
    ]
