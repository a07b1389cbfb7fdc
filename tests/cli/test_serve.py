"""``kouyu serve`` from the command line, as far as it goes without weights; tests/end_to_end has the rest."""

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.main import main
from kouyu.cli.serve import _print_json, _print_ready, _read, _settings_file, _talk_command
from kouyu.server.process.opening import Ready
from kouyu.settings import SettingsError
from kouyu.store import location

READY = Ready(
    http="http://127.0.0.1:8080",
    https="https://127.0.0.1:8443",
    ca="/data/tls/ca.pem",
    token="kouyu_secret",
    login="http://127.0.0.1:8080/#login=kouyu_once",
    lan_links=("https://192.168.1.7:8443/#login=kouyu_phone", "https://box.local:8443/#login=kouyu_phone"),
    bots=("kouyu", "tutor"),
    pid=7,
    trust_line="export SSL_CERT_FILE=/data/tls/ca-bundle.pem NODE_EXTRA_CA_CERTS=/data/tls/ca.pem",
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path / "no-weights"))
    monkeypatch.setenv("KOUYU_DATA_DIR", str(tmp_path / "data"))


def serve(*options: str) -> Result:
    return CliRunner().invoke(main, ["serve", "--port", "0", "--https-port", "0", *options])


def test_missing_weights_are_a_refusal_that_names_the_command() -> None:
    result = serve()
    assert result.exit_code == 1
    assert "kouyu models fetch silero-vad" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_the_database_of_a_newer_kouyu_is_a_refusal_that_names_the_release(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "kouyu.db")) as newer:
        newer.executescript(
            "CREATE TABLE schema_version (version INTEGER NOT NULL, release TEXT NOT NULL);"
            "INSERT INTO schema_version VALUES (999, '9.1.0');"
        )
    result = serve()
    assert result.exit_code == 1
    assert "has schema version 999 and needs kouyu 9.1.0 or newer" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_first_start_writes_the_settings_file_and_later_ones_leave_it_alone(tmp_path: Path) -> None:
    serve()
    assert "[server]" in (tmp_path / "kouyu.toml").read_text()
    (tmp_path / "kouyu.toml").write_text("[server]\nmax_sessions = 'many'\n")
    result = serve()
    assert result.exit_code == 1
    assert "kouyu.toml: server.max_sessions: 'many' is not allowed; allowed: a whole number from 1" in result.stderr


def test_a_settings_file_that_has_gone_meanwhile_does_not_mean_the_defaults(tmp_path: Path) -> None:
    path, is_needed = _settings_file(None)
    _read(path, is_needed, {})
    path.unlink()
    with pytest.raises(SettingsError, match="there is no such settings file"):
        _read(path, is_needed, {})
    assert not (tmp_path / "kouyu.toml").exists()


def test_a_settings_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    result = serve("--config", "other.toml")
    assert result.exit_code == 1
    assert "other.toml: there is no such settings file" in result.stderr
    assert not (tmp_path / "kouyu.toml").exists()


def test_a_wrong_option_is_named() -> None:
    result = serve("--port", "70000")
    assert "option --port: 70000 is not allowed; allowed: a whole number from 0 to 65535" in result.stderr


@pytest.mark.parametrize(
    ("options", "expected"), [((), "data"), (("--data-dir", "mine"), "mine")], ids=["environment", "option"]
)
def test_data_is_kept_where_it_is_wanted(tmp_path: Path, options: tuple[str, ...], expected: str) -> None:
    serve(*options)
    assert (tmp_path / expected / "kouyu.db").is_file()


def test_a_data_folder_in_the_settings_starts_from_their_folder(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "kouyu.toml").write_text('[data]\ndir = "mine"\n')
    serve("--config", "etc/kouyu.toml")
    assert (tmp_path / "etc" / "mine" / "kouyu.db").is_file()


def test_for_scripts_there_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    _print_json(READY)
    assert capsys.readouterr().out == (
        '{"http":"http://127.0.0.1:8080","https":"https://127.0.0.1:8443","ca":"/data/tls/ca.pem",'
        '"token":"kouyu_secret","login":"http://127.0.0.1:8080/#login=kouyu_once",'
        '"lan_links":["https://192.168.1.7:8443/#login=kouyu_phone","https://box.local:8443/#login=kouyu_phone"],'
        f'"bots":["kouyu","tutor"],"pid":7,"trust_line":"{READY.trust_line}"}}\n'
    )


def test_a_person_can_copy_every_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    _print_ready(READY, Path("data"))
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert READY.trust_line in lines
    assert {*READY.lan_links} <= {*lines}
    assert any(READY.login in line for line in lines)
    assert "bots   kouyu, tutor" in lines
    assert any(re.fullmatch(r"token +kouyu_secret", line) for line in lines)


def test_the_command_to_try_finds_this_server_from_another_terminal(tmp_path: Path) -> None:
    *_, question = shlex.split(_talk_command(location.own_data_dir()))
    assert Path(question).is_file()
    command = _talk_command(tmp_path / "my data")
    assert f"--data-dir '{tmp_path}/my data'" in command
    assert os.environ[location.DATA_DIR_VARIABLE] == str(tmp_path / "data")
    assert f"--data-dir {tmp_path}/data" in _talk_command(tmp_path / "data")


@pytest.mark.parametrize(("ends_with", "status"), [("pass", 0), ("raise EngineError('no voice')", 1)])
def test_an_engine_that_still_loads_does_not_keep_the_process_from_ending(ends_with: str, status: int) -> None:
    """Nor does the interpreter's exit run beside it, in which its native code would abort the process. So it is for
    every command that has engines: it is the program that ends so."""
    script = f"""
import asyncio, atexit, sys, threading
from kouyu.cli import main, serve as command
from kouyu.engines import scheduler
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority, Scheduler

scheduler.CLOSE_LIMIT = 0.01

async def load():
    engines, begun = Scheduler(), threading.Event()
    task = asyncio.create_task(engines.run(lambda _: (begun.set(), threading.Event().wait()), Priority.FIRST_SENTENCE))
    await asyncio.to_thread(begun.wait)
    await engines.close()
    task.cancel()

def serve_and_leave_work(*_):
    asyncio.run(load())
    {ends_with}

command._run = serve_and_leave_work
atexit.register(print, "the interpreter ends")
sys.argv = ["kouyu", "serve"]
main.run()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == status
    assert ("Error: no voice" in ended.stderr) == bool(status)
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_server_that_is_told_to_read_its_settings_while_it_is_imported_goes_on() -> None:
    script = """
import importlib.abc, os, signal, sys

class HangUp(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "kouyu.cli.serve":
            os.kill(os.getpid(), signal.SIGHUP)

sys.meta_path.insert(0, HangUp())
from kouyu.cli.main import main
main(["serve", "--help"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, start_new_session=True)
    assert done.returncode == 0, done.stderr
    assert "Run the server" in done.stdout
