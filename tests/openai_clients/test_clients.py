"""Unmodified clients of OpenAI's Realtime protocol hold a conversation: a question, an interruption and a tool each.

The programs in ``apps`` and ``node`` are written as an app is; they say in JSON what they have seen.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import kouyu.bench.questions
from tests.end_to_end.running_server import RunningServer
from tests.openai_clients.scripted_model import FACT, FINE, FORECAST, STORY
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


def run(app: str, server: RunningServer) -> dict[str, Any]:
    """What the app has seen."""
    command = APPS[app]
    if shutil.which(command[0]) is None or not (HERE / "node" / "node_modules").is_dir():
        raise LookupError("these tests need other people's clients: run them with `make test-openai-clients`")
    where = {
        "KOUYU_HTTP": server.http,
        "KOUYU_HTTPS": server.https,
        "KOUYU_TOKEN": server.token,
        "NODE_EXTRA_CA_CERTS": server.ca,
        "QUESTIONS": str(QUESTIONS),
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
    seen = run(app, client_server)
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
