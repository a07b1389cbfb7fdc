"""Unmodified clients of OpenAI's Realtime protocol hold a conversation: a question, an interruption and a tool each;
and some show a picture.

The programs in ``apps`` and ``node`` are written as an app is; they say in JSON what they have seen.
"""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import kouyu.bench.questions
from tests.end_to_end.running_server import RunningServer
from tests.openai_clients.scripted_model import FACT, FINE, FORECAST, SHOWN, STORY
from tests.standins.openai_server import OpenAIStandIn

pytestmark = pytest.mark.models

HERE = Path(__file__).parent
QUESTIONS = Path(kouyu.bench.questions.__file__).parent
PATIENCE_S = 180
TO_START_AND_STOP_S = 120
PYTHON = HERE.parent.parent / ".venv-clients" / "bin" / "python"
"""With the clients of ``requirements.txt``."""

APPS = {
    "livekit": [str(PYTHON), "apps/livekit_app.py"],
    "pipecat": [str(PYTHON), "apps/pipecat_app.py"],
    "openai-agents": [str(PYTHON), "apps/agents_app.py"],
    "@openai/agents": ["node", "node/agents.mjs"],
    "openai for JavaScript": ["node", "node/openai.mjs"],
}

PICTURE_APPS = {
    "openai-agents": [str(PYTHON), "apps/agents_picture_app.py"],
    "@openai/agents": ["node", "node/agents-picture.mjs"],
}
PICTURE = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(50_000)).decode()


def run(command: list[str], server: RunningServer) -> dict[str, Any]:
    """What the app has seen."""
    if shutil.which(command[0]) is None or not (HERE / "node" / "node_modules").is_dir():
        raise LookupError("these tests need other people's clients: run them with `make test-openai-clients`")
    where = {
        "KOUYU_HTTP": server.http,
        "KOUYU_HTTPS": server.https,
        "KOUYU_TOKEN": server.token,
        "NODE_EXTRA_CA_CERTS": server.ca,
        "QUESTIONS": str(QUESTIONS),
        "PICTURE": PICTURE,
        "PATIENCE_S": str(PATIENCE_S),
        "PATIENCE_MS": str(PATIENCE_S * 1000),
    }
    done = subprocess.run(
        command,
        cwd=HERE,
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S + TO_START_AND_STOP_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.parametrize("app", APPS)
def test_a_client_asks_interrupts_and_has_a_tool_called(
    app: str, client_server: RunningServer, client_model: OpenAIStandIn
) -> None:
    asked_before = len(client_model.requests)
    seen = run(APPS[app], client_server)
    assert seen["errors"] == []
    told = json.dumps(seen.get("history", seen["said"]))
    assert FACT in told
    assert FINE in told
    assert "sunny and warm" in told
    assert "Paris" in json.dumps(seen["tools"])
    requests = client_model.requests[asked_before:]
    contexts = [[str(message["content"]) for message in request.messages] for request in requests]
    after_the_interruption = next(context for context in contexts if "you today" in context[-1])
    story = next(text for text in after_the_interruption if text.startswith("Once"))
    assert (STORY * 12).startswith(story)
    assert len(story) < len(STORY) * 3, "about two seconds of it were heard"
    assert FORECAST in json.dumps(requests[-1].messages), "the tool's output reached the model"


@pytest.mark.parametrize("app", PICTURE_APPS)
def test_a_client_shows_a_picture(app: str, client_server: RunningServer, client_model: OpenAIStandIn) -> None:
    asked_before = len(client_model.requests)
    seen = run(PICTURE_APPS[app], client_server)
    assert seen["errors"] == []
    assert SHOWN in json.dumps(seen["history"])
    question = client_model.requests[asked_before].messages[-1]["content"]
    assert [part["image_url"]["url"] for part in question if part["type"] == "image_url"] == [PICTURE]
    assert [part["text"] for part in question if part["type"] == "text"] == ["What is it?"]


def test_the_history_of_an_app_has_its_picture_and_the_words_of_its_recording(
    client_server: RunningServer, client_model: OpenAIStandIn
) -> None:
    asked_before = len(client_model.requests)
    seen = run(PICTURE_APPS["openai-agents"], client_server)
    parts = [part for item in seen["history"] for part in item.get("content", [])]
    assert PICTURE in [part.get("image_url") for part in parts]
    assert any("capital of France" in (part.get("transcript") or "") for part in parts)
    assert "capital of France" in str(client_model.requests[asked_before + 1].messages[-1]["content"])
