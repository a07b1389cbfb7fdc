"""``kouyu talk`` from the command line, against a real server whose agent is scripted."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.talk import talk
from tests.end_to_end.running_server import RunningServer


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(server: RunningServer, *arguments: str) -> Result:
    return CliRunner().invoke(talk, ["--data-dir", str(server.folder / "data"), *arguments])


@pytest.mark.models
def test_a_server_on_this_machine_is_found_by_its_data_folder(scripted_server: RunningServer, tmp_path: Path) -> None:
    done = run(scripted_server, "--text", "hello", "--reply", "reply.wav")
    assert done.exit_code == 0, done.stderr
    assert "reply       hello" in done.stdout
    assert (tmp_path / "reply.wav").stat().st_size > 10_000


@pytest.mark.models
def test_its_certificate_is_trusted(scripted_server: RunningServer) -> None:
    done = run(scripted_server, "--url", scripted_server.https, "--text", "hello")
    assert done.exit_code == 0, done.stderr


@pytest.mark.models
def test_an_unknown_bot_is_reported_in_one_line(scripted_server: RunningServer) -> None:
    refused = run(scripted_server, "--text", "hello", "--bot", "nobody")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: the server ended the connection: there is no bot 'nobody'")


@pytest.mark.models
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--text", " "), "there is nothing to say"),
        (("--text", "hello", "--reply", "no-folder/reply.wav"), "there is no folder no-folder"),
        (("--text", "hello", "--url", "127.0.0.1:8080"), "must begin with http:// or https://"),
        (("--text", "hello", "--voice", "hart"), "there is no voice 'hart'; there are: "),
    ],
    ids=["nothing to say", "no place for the reply", "no address", "no such voice"],
)
def test_what_cannot_work_is_refused_at_once(
    scripted_server: RunningServer, arguments: tuple[str, ...], said: str
) -> None:
    refused = run(scripted_server, *arguments)
    assert isinstance(refused.exception, SystemExit)
    assert said in refused.stderr


@pytest.mark.models
def test_a_voice_that_is_there_answers(scripted_server: RunningServer) -> None:
    done = run(scripted_server, "--text", "hello", "--voice", "kokoro-zf-xiaobei")
    assert done.exit_code == 0, done.stderr
