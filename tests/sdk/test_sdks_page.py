"""The examples of docs/sdks.md run as they stand there, but with the address and the token of a running server."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.running_server import RunningServer
from tests.sdk.node_project import FOLDER, NodeProject, find_node

PAGE = (Path(__file__).parent.parent.parent / "docs" / "sdks.md").read_text(encoding="utf-8")
AUDIBLE = 0.003
"""Of full scale."""


def example(heading: str, server: RunningServer) -> str:
    """The code below a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    code: str
    (code,) = re.findall(r"```\w+\n(.*?)```", section, re.DOTALL)
    for theirs, its in (
        ("kouyu_…", server.token),
        ("https://127.0.0.1:8443", server.https),
        ("wss://127.0.0.1:8443", server.https.replace("http", "ws", 1)),
        ("ws://127.0.0.1:8080", server.http.replace("http", "ws", 1)),
    ):
        code = code.replace(theirs, its)
    assert "…" not in code
    return code


def test_cozepy(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", server.ca)
    ran = subprocess.run([sys.executable, "-c", example("cozepy", server)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()


def test_node(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", server.ca)
    code = example("@coze/api in Node", server)
    command = [find_node(), "--input-type=module", "--eval", code]
    ran = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr


def test_browser(server: RunningServer, chromium: str, microphone: Path) -> None:
    code = example("@coze/api in a browser", server)
    seen = NodeProject(find_node(), server).run_in_browser(chromium, "hearSomething", microphone, example=code)
    assert seen["level"] > AUDIBLE
