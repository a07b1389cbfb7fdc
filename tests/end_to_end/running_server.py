"""A real server in a process of its own, started as a user starts it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NEVER_OVERLOADED = {"KOUYU_OVERLOAD__REFUSE": "false"}
"""The tests share a small machine, and what they ask for is to be answered, however late."""
START_S = 120
"""Far more than it takes, for a machine that is busy with other things."""


@dataclass
class RunningServer:
    """What `kouyu serve --print-json` said when it was ready, and its process."""

    http: str
    https: str
    ca: str
    token: str
    bots: list[str]
    pid: int
    process: subprocess.Popen[str]
    folder: Path

    def log(self) -> str:
        """What it has written to stderr."""
        return (self.folder / "stderr").read_text()


def start_server(
    folder: Path,
    *options: str,
    config: str = "",
    environment: dict[str, str] | None = None,
    python: Path | str = sys.executable,
) -> RunningServer:
    """Start a server with its data and its kouyu.toml in ``folder``, on free ports; return when it is ready.

    ``python`` has kouyu installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kouyu.toml").write_text(config)
    command = [str(python), "-m", "kouyu", "serve", "--config", "kouyu.toml", "--print-json"]
    ports = ["--port", "0", "--https-port", "0", "--data-dir", "data"]
    with (folder / "stderr").open("a") as stderr:
        process = subprocess.Popen(
            [*command, *ports, *options],
            cwd=folder,
            env={**os.environ, **NEVER_OVERLOADED, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    watchdog = threading.Timer(START_S, process.kill)
    watchdog.start()
    assert process.stdout is not None
    line = process.stdout.readline()
    watchdog.cancel()
    if not line:
        process.wait()
        process.stdout.close()
        raise RuntimeError(f"the server did not start: {(folder / 'stderr').read_text()}")
    ready = json.loads(line)
    known = {name: ready[name] for name in ("http", "https", "ca", "token", "bots", "pid")}
    return RunningServer(**known, process=process, folder=folder)


def stop_server(server: RunningServer) -> int:
    """Ctrl-C; gives the exit code."""
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGINT)
    try:
        return server.process.wait(20)
    finally:
        server.process.kill()
        if server.process.stdout is not None:
            server.process.stdout.close()


@contextmanager
def running_server(folder: Path, *options: str, config: str = "") -> Iterator[RunningServer]:
    """A server for the length of a block."""
    server = start_server(folder, *options, config=config)
    try:
        yield server
    finally:
        stop_server(server)
