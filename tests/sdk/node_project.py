"""Runs scenarios of the Node project beside this file, which holds the JavaScript SDK as npm delivers it."""

import json
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.end_to_end.running_server import RunningServer

FOLDER = Path(__file__).parent / "node"
PATIENCE_S = 180
"""For one scenario, on a machine that has other things to do."""
_TO_START_AND_STOP_S = 120
"""For Node and the browser, beside it."""


class ScenarioFailed(Exception):
    """A scenario ended with an exception in JavaScript, whose stack this carries."""


class Server(Protocol):
    """What the SDK must know of a server; ``ca`` is a file, or empty where none is needed."""

    http: str
    https: str
    ca: str
    token: str


@dataclass(frozen=True)
class NodeScenarios:
    """Node, and the address of a server or player."""

    node: str
    server: Server

    def run(self, scenarios: str, name: str, /, **given: Any) -> Any:
        """What the scenario ``name`` of ``scenarios/<scenarios>.mjs`` gives; it talks HTTPS, trusting the server's CA.

        Raises ``ScenarioFailed`` when it throws, or does not end in ``PATIENCE_S`` seconds.
        """
        return self._run(["run.mjs", scenarios, name], given)

    def run_in_browser(self, chromium: str, name: str, microphone: Path, /, **given: Any) -> Any:
        """What the scenario ``name`` of ``page/`` gives, in a browser whose microphone plays a WAV file, in a loop."""
        return self._run(["browser.mjs", name], given, CHROMIUM=chromium, MICROPHONE=str(microphone))

    def _run(self, script: list[str], given: dict[str, Any], **environment: str) -> Any:
        where = {
            "KOUYU_HTTP": self.server.http,
            "KOUYU_HTTPS": self.server.https,
            "KOUYU_TOKEN": self.server.token,
            "NODE_EXTRA_CA_CERTS": self.server.ca,
            "PATIENCE_MS": str(PATIENCE_S * 1000),
        }
        process = subprocess.Popen(
            [self.node, *script, json.dumps(given)],
            cwd=FOLDER,
            env={**os.environ, **where, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            result, log = process.communicate(timeout=PATIENCE_S + _TO_START_AND_STOP_S)
        finally:
            with suppress(ProcessLookupError):  # a browser outlives a Node that is killed
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            raise ScenarioFailed(f"{script}\n{log}")
        return json.loads(result)


@dataclass(frozen=True)
class NodeProject(NodeScenarios):
    """Node, and a running server."""

    server: RunningServer


def find_node() -> str:
    """Where Node is; raises ``LookupError`` that says what to do when it or the project's packages are missing."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").is_dir():
        raise LookupError("these tests need Node 20 and the packages of tests/sdk/node: run them with `make test-sdk`")
    return node


def find_chromium() -> str:
    """Where Chromium or Chrome is: ``$CHROMIUM``, else what is installed; raises ``LookupError``."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    app = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None and app.exists():
        found = str(app)
    if found is None:
        raise LookupError("these tests need Chromium: install it, or say where it is with the variable CHROMIUM")
    return found
