"""The programs of examples/ in JavaScript, Java and Go, run as they stand there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.running_server import RunningServer
from tests.examples.example import EXAMPLES, PATIENCE_S, at_rate, environment, run, seconds
from tests.sdk.microphone import loop_of
from tests.sdk.node_project import FOLDER, find_chromium, find_node

pytestmark = pytest.mark.sdk

QUESTION = "What is the capital of France?"
COZE_GO = os.environ.get("KOUYU_COZE_GO", "")
"""A folder with a go.mod that finds coze-go, where the machine has no module proxy."""


def said(printed: str) -> list[str]:
    """The words, however the program spaces its lines."""
    return printed.split()


TALK = ["You:", *QUESTION.split(), *QUESTION.split()]


def test_node(examples_server: RunningServer, questions: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    shutil.copy(EXAMPLES / "node" / "talk.mjs", tmp_path)
    question = str(questions / "en-capital.wav")
    assert said(run(examples_server.https, examples_server, tmp_path, find_node(), "talk.mjs", question)) == TALK
    assert 0.5 < seconds(tmp_path / "reply.wav") < 10


def test_node_names_the_version_of_the_sdk_that_is_tried() -> None:
    wanted = '"@coze/api": "1.3.9"'
    assert wanted in (EXAMPLES / "node" / "package.json").read_text()
    assert wanted in (FOLDER / "package.json").read_text()


def test_a_page_of_one_file(examples_server: RunningServer, questions: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [find_node(), "page_of_one_file.mjs", str(EXAMPLES / "browser" / "talk.html")],
        cwd=FOLDER,
        env=environment(examples_server.http, examples_server)
        | {
            "CHROMIUM": find_chromium(),
            "MICROPHONE": str(loop_of(questions / "en-capital.wav", tmp_path, before_s=4, after_s=15)),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [f"You: {QUESTION}", f"Bot: {QUESTION} "]


@pytest.mark.skipif(shutil.which("java") is None, reason="Java 17 is not installed here")
def test_java(examples_server: RunningServer, questions: Path, tmp_path: Path) -> None:
    question = at_rate(questions / "en-capital.wav", 16_000, tmp_path)
    command = ("java", str(EXAMPLES / "java" / "Talk.java"), question)
    assert said(run(examples_server.http, examples_server, tmp_path, *command)) == TALK
    assert 0.5 < seconds(tmp_path / "reply.wav") < 10


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed here")
def test_go(examples_server: RunningServer, questions: Path, tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "go" / "main.go", tmp_path)
    if COZE_GO:
        shutil.copytree(COZE_GO, tmp_path, dirs_exist_ok=True)
    else:
        fetched = subprocess.run("go mod init talk && go get github.com/coze-dev/coze-go", shell=True, cwd=tmp_path)
        if fetched.returncode:
            pytest.skip("coze-go cannot be fetched: no module proxy is within reach")
    question = str(questions / "en-capital.wav")
    assert said(run(examples_server.http, examples_server, tmp_path, "go", "run", ".", question)) == TALK
    assert 0.5 < seconds(tmp_path / "reply.wav") < 10
