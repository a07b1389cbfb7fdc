"""The worked example of docs/guides/add-an-engine.md is installed, configured and heard."""

import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest

from kouyu.audio.wav import decode_audio
from tests.end_to_end.running_server import start_server, stop_server
from tests.guides.blocks import files_of

FILES = files_of("add-an-engine.md")
SPOKEN = "One two three."


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package of the guide, built and installed by pip."""
    project, target = tmp_path_factory.mktemp("kouyu-beeper"), tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "kouyu_beeper.py"):
        (project / name).write_text(FILES[name], encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--target", target, project], check=True)
    return target


@pytest.mark.models
@pytest.mark.slow
def test_the_engine_of_the_guide_is_heard(installed: Path, tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(installed)}
    server = start_server(tmp_path, config=FILES["kouyu.toml"], environment=environment)
    try:
        headers = {"Authorization": f"Bearer {server.token}"}
        with httpx.Client(base_url=server.http, headers=headers, trust_env=False, timeout=60) as rest:
            voices = [voice["voice_id"] for voice in rest.get("/v1/audio/voices").json()["data"]["voice_list"]]
            assert voices[0] == "beeper"
            asked = {"input": SPOKEN, "voice_id": "beeper", "response_format": "wav"}
            sound, rate = decode_audio(rest.post("/v1/audio/speech", json=asked).raise_for_status().content)
    finally:
        stop_server(server)
    spectrum = np.abs(np.fft.rfft(sound))
    assert abs(np.fft.rfftfreq(len(sound), 1 / rate)[spectrum.argmax()] - 880) < 10
    frames = sound[: len(sound) // 480 * 480].reshape(-1, 480)
    loud = np.abs(frames).max(axis=1) > 0.05
    assert np.count_nonzero(np.diff(loud.astype(int)) == 1) + loud[0] == len(SPOKEN.split())


def test_its_options_are_checked_as_those_of_kouyu_are(installed: Path, tmp_path: Path) -> None:
    config = FILES["kouyu.toml"].replace("880", "5")
    with pytest.raises(RuntimeError, match=r"engines\.beeper\.pitch_hz: 5 is not allowed; allowed: .* from 50 to 4000"):
        start_server(tmp_path, config=config, environment={"PYTHONPATH": str(installed)})
