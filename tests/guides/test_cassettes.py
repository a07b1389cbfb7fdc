"""The worked example of docs/guides/cassettes.md runs as the guide says, in each language that is here."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guides.blocks import GUIDES, files_of

GUIDE = (GUIDES / "cassettes.md").read_text(encoding="utf-8")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder with the files of the guide."""
    for name, content in files_of("cassettes.md").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def run(app: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=app, capture_output=True, text=True, check=False, timeout=120)


def play(app: Path, *command: str) -> subprocess.CompletedProcess[str]:
    options = ["cassettes/capital", "--fast", "--once", "--", *command]
    return run(app, sys.executable, "-m", "kouyu", "play", *options)


def node_version() -> int:
    """The major version of Node; 0 without it."""
    node = shutil.which("node")
    return int(subprocess.check_output([node, "--version"], text=True)[1:].partition(".")[0]) if node else 0


def test_the_apps_tests_pass_on_the_cassette(app: Path) -> None:
    done = run(app, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q")
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout


def test_an_app_that_asks_something_else_gets_the_report_of_the_guide(app: Path) -> None:
    code = "import os, voice_app; voice_app.answer(os.environ['KOUYU_WS_URL'], 'any', 'What is the capital of Spain?')"
    done = play(app, sys.executable, "-c", code)
    assert done.returncode == 1  # the app's own
    report = next(block for block in re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL) if "differ" not in block)
    assert report in done.stderr


@pytest.mark.skipif(node_version() < 20, reason="needs Node 20")
def test_the_recipe_for_javascript(app: Path) -> None:
    flags = [] if node_version() >= 22 else ["--experimental-websocket"]
    done = play(app, "node", *flags, "--test")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("javac"), reason="needs a JDK")
def test_the_recipe_for_java(app: Path) -> None:
    done = play(app, "java", "VoiceAppTest.java")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_of_the_format_is_read_line_by_line(app: Path) -> None:
    from kouyu.cassettes.reading import read_cassette

    (connection,) = read_cassette(app / "cassettes" / "capital").connections
    assert [entry.sender for entry in connection.entries] == ["server"] * 2 + ["client"] + ["server"] * 4 + ["client"]
