"""A bundle installs kouyu where there is no network, and a server starts from it and answers."""

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.package.conftest import Environment

pytestmark = [pytest.mark.slow, pytest.mark.models]

WITHOUT_NETWORK = ("unshare", "--map-root-user", "--net")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory, package_index: None) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    command = [sys.executable, "-m", "kouyu", "bundle", str(folder / "kouyu.tar"), "--tier", "tiny"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "install.py FOLDER" in done.stdout
    with tarfile.open(folder / "kouyu.tar") as archive:
        archive.extractall(folder, filter="data")
    (folder / "kouyu.tar").unlink()
    return folder / f"kouyu-{version('kouyu')}"


def test_a_server_is_installed_and_started_without_a_network(unpacked: Path, tmp_path: Path) -> None:
    if subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this user cannot make a network namespace, in which nothing outside is reached")
    environment = {**os.environ, "HOME": str(tmp_path), "KOUYU_WEIGHTS": str(tmp_path / "weights")}

    def run(*command: str) -> str:
        whole = [*WITHOUT_NETWORK, *command]
        done = subprocess.run(whole, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "is installed" in run(sys.executable, str(unpacked / "install.py"), "venv")
    answered = run(
        sys.executable, str(Path(__file__).with_name("offline.py")), str(tmp_path / "venv" / "bin" / "kouyu")
    )
    assert "completed" in answered


def test_an_installation_packs_the_wheel_that_it_came_from(light: Environment, wheel: Path) -> None:
    code = "from pathlib import Path; from kouyu.bundle.own_wheel import own_wheel; print(own_wheel(Path('.')))"
    packed = light.folder / light.evaluate(code).strip()
    assert packed.name == wheel.name
    light.install("--no-deps", "--force-reinstall", str(packed))
    assert light.kouyu("--version").stdout == f"kouyu {version('kouyu')}\n"
    listed = "import zipfile,sys; print(*sorted(zipfile.ZipFile(sys.argv[1]).namelist()), sep='\\n')"
    names = [light.run(str(light.python), "-c", listed, str(each)) for each in (packed, wheel)]
    assert names[0] == names[1]
