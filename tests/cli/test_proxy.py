"""`kouyu proxy`, as its users call it: in front of kouyu and of a player, from the command line."""

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from kouyu.cassettes.reading import read_cassette
from kouyu.testing import play
from tests.end_to_end.running_server import RunningServer

SERVICE = Path(__file__).parents[1] / "traces" / "cassette"


@contextlib.contextmanager
def proxy(*options: str) -> Iterator[str]:
    """The command; gives its address, and ends it as Ctrl-C does."""
    command = [sys.executable, "-m", "kouyu", "proxy", "--port", "0", "--print-json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()


def converse(url: str, token: str, *events: tuple[str, Any], until: str) -> list[dict[str, Any]]:
    """Send events on /v1/chat after ``chat.created``; gives all that comes."""
    seen: list[dict[str, Any]] = []
    address = f"{url.replace('http', 'ws', 1)}/v1/chat"
    with connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
        seen.append(json.loads(socket.recv()))
        for event_type, data in events:
            socket.send(json.dumps({"event_type": event_type, "data": data}))
        while seen[-1]["event_type"] not in (until, "error"):
            seen.append(json.loads(socket.recv(60)))
    return seen


def test_a_player_is_recorded(tmp_path: Path) -> None:
    message = {"role": "user", "content_type": "text", "content": "今天天气真不错"}
    with (
        play(SERVICE, once=False) as player,
        proxy("--upstream", player.ws_url, "--cassette", str(tmp_path / "made")) as url,
    ):
        asked = ("conversation.message.create", message)
        seen = converse(url, "the-users-token", asked, until="conversation.chat.completed")
    assert seen[-1]["event_type"] == "conversation.chat.completed"
    (made,) = read_cassette(tmp_path / "made").connections
    assert [entry.event["event_type"] for entry in made.entries if entry.sender == "server" and entry.event] == [
        event["event_type"] for event in seen
    ]


@pytest.mark.models
def test_kouyu_is_recorded_over_tls_and_its_recording_played(scripted_server: RunningServer, tmp_path: Path) -> None:
    update = {"chat_config": {"user_id": "someone"}, "output_audio": {"codec": "pcm"}}
    message = {"role": "user", "content_type": "text", "content": "Hello there."}
    asked = (("chat.update", update), ("conversation.message.create", message))
    options = ["--upstream", scripted_server.https, "--upstream-ca", scripted_server.ca]
    with proxy(*options, "--cassette", str(tmp_path / "made")) as url:
        recorded = converse(url, scripted_server.token, *asked, until="conversation.chat.completed")
        bots = httpx.get(f"{url}/v1/bots", headers={"Authorization": f"Bearer {scripted_server.token}"})
    assert recorded[-1]["event_type"] == "conversation.chat.completed"
    written = [file.read_bytes() for file in (tmp_path / "made").iterdir()]
    assert [content for content in written if scripted_server.token.encode() in content] == []
    with play(tmp_path / "made") as player:
        update["chat_config"] = {"user_id": "somebody else"}
        played = converse(player.url, "any", *asked, until="conversation.chat.completed")
        again = httpx.get(f"{player.url}/v1/bots")
    assert [event["event_type"] for event in played] == [event["event_type"] for event in recorded]
    assert (again.status_code, again.json()) == (bots.status_code, bots.json())
    (updated,) = [event for event in played if event["event_type"] == "chat.updated"]
    assert updated["data"]["chat_config"]["user_id"] == "somebody else"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--upstream", "coze.com", "--cassette", "made"], "it must begin with wss://"),
        (["--upstream", "ws://127.0.0.1:9", "--cassette", str(SERVICE)], "is a cassette already"),
        (["--upstream", "ws://127.0.0.1:9", "--cassette", "made", "--tls-cert", __file__], "belong together"),
    ],
)
def test_what_cannot_be_recorded_is_said(options: list[str], said: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kouyu", "proxy", "--port", "0", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert said in done.stderr
