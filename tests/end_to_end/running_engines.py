"""`kouyu engines` in a process of its own, started as a user starts it, and servers that use it."""

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

from tests.end_to_end.running_server import START_S

ENGINES = """
[engines]
tts = ["hibari"]
voiceprint = "campplus"
"""
REMOTE = """
[engines]
asr = "remote"
tts = ["remote"]
turn = "remote"
voiceprint = "remote"
[engines.remote]
urls = {urls}
{more}

[limits]
stopped_sending_grace_ms = 60000  # a turn ends when its test says so

[[bots]]
id = "scripted"
[bots.model]
base_url = "{model}"
model = "scripted"
"""


@dataclass
class RunningEngines:
    """What `kouyu engines --print-json` said when it was ready, and its process."""

    url: str
    kinds: list[str]
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """Kill it without a warning, and wait until it is gone."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ctrl-C; gives the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@contextmanager
def running_engines(folder: Path, *options: str, config: str = ENGINES) -> Iterator[RunningEngines]:
    """Engines for the length of a block, on a free port unless told."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "engines.toml").write_text(config)
    command = [sys.executable, "-m", "kouyu", "engines", "--config", "engines.toml", "--print-json"]
    where = [] if {"--port", "--unix"} & set(options) else ["--port", "0"]
    with (folder / "engines.log").open("a") as log:
        process = subprocess.Popen(
            [*command, *where, *options], cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ
        )
    watchdog = threading.Timer(START_S, process.kill)
    watchdog.start()
    assert process.stdout is not None
    line = process.stdout.readline()
    watchdog.cancel()
    try:
        if not line:
            raise RuntimeError(f"the engines did not start: {(folder / 'engines.log').read_text()}")
        ready = json.loads(line)
        yield RunningEngines(ready["url"], ready["kinds"], process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
