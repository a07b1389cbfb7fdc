"""``kouyu engines``: what it refuses before it loads anything."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from kouyu.cli.engines import _print_ready
from kouyu.cli.main import main
from kouyu.engine_server.process import Ready
from kouyu.engines.remote.options import EMBEDDED
from kouyu.settings.all_settings import EngineSettings


def refused(*options: str) -> str:
    done = CliRunner().invoke(main, ["engines", *options])
    assert done.exit_code == 1
    return done.stderr


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_other_machines_are_served_with_a_token_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "other machines can reach 0.0.0.0: set token or token_env" in refused("--host", "0.0.0.0")
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    said = refused("--host", "0.0.0.0", "--token-env", "NO_SUCH_TOKEN")
    assert "the environment variable NO_SUCH_TOKEN is not set" in said


def test_an_engine_that_is_elsewhere_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kouyu.toml").write_text('[engines]\nasr = "remote"\n[engines.remote]\nurls = ["http://127.0.0.1:9"]\n')
    said = refused("--port", "0")
    assert 'engines.asr: "remote" is for servers' in said


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}: Address already in use; take another one" in refused("--port", str(port))
    with socket.socket(socket.AF_UNIX) as listener:
        path = tmp_path / "taken.sock"
        listener.bind(str(path))
        listener.listen()
        assert f"{path}: " in refused("--unix", str(path))
        assert path.exists()


def test_the_engines_that_take_over_are_those_of_default_settings() -> None:
    chosen = [(kind, name) for kind, name in EngineSettings().chosen if kind in EMBEDDED]
    assert chosen == [(kind, name) for kind in ("asr", "turn", "voiceprint", "tts") for name in EMBEDDED[kind]]


def test_an_address_that_stands_for_all_is_not_given_to_servers(capsys: pytest.CaptureFixture[str]) -> None:
    for url in ("http://0.0.0.0:8090", "http://[::]:8090"):
        _print_ready(Ready(url=url, kinds=("asr",), workers=2, pid=1))
        assert f"{url}   (all addresses of this machine; engines.remote.urls of servers has one of them)" in (
            capsys.readouterr().out
        )
    _print_ready(Ready(url="http://10.0.0.5:8090", kinds=("asr",), workers=2, pid=1))
    assert "http://10.0.0.5:8090   (engines.remote.urls of servers)" in capsys.readouterr().out
