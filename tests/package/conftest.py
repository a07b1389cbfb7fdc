"""The distributions of this checkout, built once, and clean environments to install them into."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


class Environment:
    """A virtual environment that holds nothing yet but pip."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.folder = folder
        self.python = folder / "bin" / "python"

    def install(self, *arguments: str) -> None:
        """Run ``pip install`` with the configured package index."""
        self.run(str(self.python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *arguments)

    def kouyu(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``kouyu`` outside the checkout, whatever it exits with."""
        command = [str(self.folder / "bin" / "kouyu"), *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def evaluate(self, code: str) -> str:
        """What Python code prints in this environment, outside the checkout."""
        return self.run(str(self.python), "-c", code)

    def run(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    sdist = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(folder)]
    subprocess.run(sdist, cwd=ROOT, check=True, capture_output=True)
    (source,) = folder.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(source)], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    (found,) = distributions.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def package_index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips the test where no package index answers."""
    pip = [sys.executable, "-m", "pip", "--retries", "1", "--timeout", "20", "download", "--no-deps", "platformdirs"]
    tried = subprocess.run(pip, cwd=tmp_path_factory.mktemp("index"), capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip("no package index answers, from which the wheel's dependencies come")


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory, wheel: Path, package_index: None) -> Environment:
    """What ``pip install kouyu`` gives."""
    environment = Environment(tmp_path_factory.mktemp("light") / "venv")
    environment.install(str(wheel))
    return environment


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, wheel: Path, package_index: None) -> Environment:
    """What ``pip install 'kouyu[embedded]'`` gives."""
    environment = Environment(tmp_path_factory.mktemp("full") / "venv")
    environment.install(f"{wheel}[embedded]")
    return environment
