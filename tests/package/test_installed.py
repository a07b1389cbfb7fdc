"""The wheel and the sdist, built and installed into clean environments, do their work outside the checkout."""

import tarfile
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.running_server import RunningServer, start_server, stop_server
from tests.package.conftest import ROOT, Environment

pytestmark = pytest.mark.slow

LIGHT_MB = 60
SIZE = """
import pathlib, sysconfig
packages = pathlib.Path(sysconfig.get_path("purelib"))
brought_by_venv = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")
files = (file for file in packages.rglob("*") if file.is_file())
print(sum(file.stat().st_size for file in files if not file.relative_to(packages).parts[0].startswith(brought_by_venv)))
"""


def test_the_wheel_holds_all_that_is_in_the_package(wheel: Path) -> None:
    files = {file.relative_to(ROOT).as_posix() for file in (ROOT / "kouyu").rglob("*") if file.is_file()}
    expected = {name for name in files if "__pycache__" not in name}
    with zipfile.ZipFile(wheel) as archive:
        assert expected - set(archive.namelist()) == set()


def test_the_sdist_holds_what_its_tests_and_its_set_up_need(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        top = {name.split("/")[1] for name in archive.getnames()}
    assert {"Makefile", "pyproject.toml", "locks", "kouyu", "tests", "docs", "console", "LICENSE"} <= top
    assert not top & {".venv", "node_modules", "dist", "build"}


def test_a_light_installation_is_small(light: Environment) -> None:
    assert int(light.evaluate(SIZE)) < LIGHT_MB * 1_000_000


def test_a_light_installation_has_the_client_and_says_what_a_server_needs(light: Environment) -> None:
    assert light.kouyu("--version").stdout.startswith("kouyu ")
    refused = light.kouyu("serve")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: kouyu serve needs ")
    assert refused.stderr.endswith("pip install 'kouyu[embedded]', then the model weights: kouyu models fetch\n")


@pytest.mark.models
def test_a_light_installation_talks_with_a_server(light: Environment, scripted_server: RunningServer) -> None:
    there = ["talk", "--url", scripted_server.http, "--token", scripted_server.token]
    typed = light.kouyu(*there, "--text", "hello")
    assert "reply       hello" in typed.stdout, typed.stderr
    question = Path(light.evaluate("import kouyu.bench.questions as q; print(q.__path__[0])").strip()) / "en-sky.wav"
    spoken = light.kouyu(*there, str(question), "--reply", "reply.wav")
    assert "heard       What color is the sky?" in spoken.stdout, spoken.stderr
    assert (light.folder / "reply.wav").stat().st_size > 10_000
    other = light.folder / "question.flac"
    other.write_bytes(b"fLaC")
    refused = light.kouyu(*there, str(other)).stderr
    assert "which is not installed: " in refused
    assert refused.endswith("pip install 'kouyu[server]'\n")


@pytest.mark.models
def test_a_full_installation_serves_the_page_and_answers(full: Environment, tmp_path: Path) -> None:
    server = start_server(tmp_path, python=full.python)
    try:
        page = httpx.get(server.http, trust_env=False)
        assert page.status_code == 200
        assert "<script" in page.text
        done = full.kouyu("talk", "--url", server.http, "--token", server.token, "--text", "Say hello.")
        assert "completed" in done.stdout, done.stderr
    finally:
        stop_server(server)
