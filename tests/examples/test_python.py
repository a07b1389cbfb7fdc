"""The programs of examples/ in Python, run as they stand there."""

import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.running_server import RunningServer
from tests.examples.example import EXAMPLES, PATIENCE_S, at_rate, environment, python, run, seconds

pytestmark = pytest.mark.models

QUESTION = "What is the capital of France?"


def test_talk(examples_server: RunningServer, questions: Path, tmp_path: Path) -> None:
    question = str(questions / "en-capital.wav")
    printed = run(examples_server.https, examples_server, tmp_path, *python("python/talk.py"), question)
    assert printed == f"You:  {QUESTION}\n{QUESTION} \n"
    assert 0.5 < seconds(tmp_path / "reply.wav") < 10


def test_the_readme_shows_it() -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    assert f"```python\n{(EXAMPLES / 'python/talk.py').read_text(encoding='utf-8')}```" in readme


def test_text_chat(examples_server: RunningServer, tmp_path: Path) -> None:
    printed = run(
        examples_server.https, examples_server, tmp_path, *python("python/text_chat.py"), typed="hello\nand you\n\n"
    )
    assert printed == "You: Bot: hello \nYou: Bot: and you \nYou: "


def test_tool(examples_server: RunningServer, tmp_path: Path) -> None:
    printed = run(examples_server.https, examples_server, tmp_path, *python("python/tool.py"), "Is it warm in Lima?")
    assert printed == 'Tool: weather {"city": "Lima"}\nBot: In Lima: sunny, 24 degrees.\n'


def test_flow(examples_server: RunningServer, tmp_path: Path) -> None:
    printed = run(examples_server.https, examples_server, tmp_path, *python("python/flow.py"), "Where is order 17?")
    answer, spoken = printed.splitlines()
    assert answer == "Flow: Order 17: it left this morning."
    assert float(spoken.split()[-2]) > 0.5


def test_barge_in(examples_server: RunningServer, questions: Path, tmp_path: Path) -> None:
    files = [at_rate(questions / name, 16_000, tmp_path) for name in ("en-story.wav", "en-capital.wav")]
    printed = run(examples_server.https, examples_server, tmp_path, *python("python/barge_in.py"), *files)
    lines = printed.splitlines()
    interrupted = lines.index("-- interrupted: interrupted by the user's speech")
    assert "story" in lines[0]
    assert f"You: {QUESTION}" in lines[interrupted:]
    assert lines[-1] == f"Bot: {QUESTION} "


def test_microphone(examples_server: RunningServer, questions: Path, tmp_path: Path) -> None:
    sound_card = {
        "PYTHONPATH": str(Path(__file__).parent / "sound_card"),
        "MICROPHONE": at_rate(questions / "en-capital.wav", 16_000, tmp_path),
        "LOUDSPEAKER": str(tmp_path / "played"),
    }
    with subprocess.Popen(
        python("python/microphone.py"),
        cwd=tmp_path,
        env=environment(examples_server.https, examples_server) | sound_card,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        try:
            heard = [program.stdout.readline(), program.stdout.readline(), program.stdout.readline()]
        finally:
            program.kill()
    assert heard == ["Speak; Ctrl-C ends.\n", f"You: {QUESTION}\n", f"Bot: {QUESTION} \n"]
    assert (tmp_path / "played").stat().st_size > 10_000  # the opening line


def test_own_model(examples_server: RunningServer, tmp_path: Path) -> None:
    command = ["-m", "kouyu", "talk", "--url", examples_server.http, "--token", examples_server.token]
    ran = subprocess.run(
        [python("")[0], *command, "--bot", "parrot", "--text", "hello there"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "reply       You said: hello there" in ran.stdout, ran.stderr


@pytest.mark.parametrize(("device", "rate"), [("g711", 8000), ("opus", 16_000)])
def test_devices(examples_server: RunningServer, questions: Path, tmp_path: Path, device: str, rate: int) -> None:
    question = at_rate(questions / "en-capital.wav", rate, tmp_path)
    command = (*python(f"device/{device}_device.py"), question)
    heard, ended = run(examples_server.http, examples_server, tmp_path, *command).splitlines()
    assert heard == f"heard: {QUESTION}"
    assert ended.startswith("conversation.chat.completed: ")
    assert 0.5 < seconds(tmp_path / "reply.wav") < 10
