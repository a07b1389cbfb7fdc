"""Runs the programs of examples/ as their users do."""

import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

from kouyu.audio.wav import read_listening_audio
from tests.end_to_end.running_server import RunningServer

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
PATIENCE_S = 120


def environment(url: str, server: RunningServer) -> dict[str, str]:
    """What examples/README.md says to export."""
    return {
        **os.environ,
        "KOUYU_URL": url,
        "KOUYU_TOKEN": server.token,
        "SSL_CERT_FILE": server.ca,
        "NODE_EXTRA_CA_CERTS": server.ca,
        "PYTHONUNBUFFERED": "1",
    }


def run(url: str, server: RunningServer, folder: Path, *command: str, typed: str = "") -> str:
    """Run a command to its end in ``folder``; what it printed. It must end well."""
    ran = subprocess.run(
        command,
        cwd=folder,
        env=environment(url, server),
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Error" not in ran.stderr, ran.stderr
    return ran.stdout


def python(name: str) -> tuple[str, str]:
    """The command for an example in Python."""
    return sys.executable, str(EXAMPLES / name)


def seconds(file: Path) -> float:
    """The length of a WAV file."""
    with wave.open(str(file)) as recording:
        return float(recording.getnframes() / recording.getframerate())


def at_rate(question: Path, rate: int, folder: Path) -> str:
    """The question as a WAV file of 8 or 16 kHz."""
    samples = read_listening_audio(question)[:: 16_000 // rate]
    file = folder / f"{question.stem}-{rate}.wav"
    with wave.open(str(file), "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return str(file)
