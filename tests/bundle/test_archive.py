"""A bundle holds what it names, and its script refuses another machine and damaged files."""

import hashlib
import json
import platform
import subprocess
import sys
import tarfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from kouyu.bundle.archive import INSTALLER, MANIFEST, Manifest, write_bundle
from kouyu.bundle.wheels import Target, this_machine
from kouyu.weights import cache
from kouyu.weights.weight_set import WeightSet, weight_file

WEIGHTS = b"weights" * 1000
STUB = WeightSet(
    "stub", purpose="a test", licence="MIT", files=(weight_file("a.bin", hashlib.sha256(WEIGHTS).hexdigest(), 7000),)
)


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a bundle for this machine, with one wheel and one weight set, neither of them real."""
    return made(tmp_path, monkeypatch, this_machine())


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Target) -> Path:
    monkeypatch.setenv("KOUYU_WEIGHTS", str(tmp_path / "cache"))
    place, wheels = cache.place(STUB), tmp_path / "wheels"
    place.mkdir(parents=True)
    (place / "a.bin").write_bytes(WEIGHTS)
    cache.stamp(STUB, place)
    wheels.mkdir()
    (wheels / "some-1-py3-none-any.whl").write_bytes(b"wheel")
    counted: list[tuple[int, int]] = []
    write_bundle(
        tmp_path / "b.tar", target, ("embedded",), wheels, (STUB,), lambda done, whole: counted.append((done, whole))
    )
    assert counted[-1][0] == counted[-1][1]
    with tarfile.open(tmp_path / "b.tar") as archive:
        archive.extractall(tmp_path / "there", filter="data")
    return tmp_path / "there" / f"kouyu-{version('kouyu')}"


def install(unpacked: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(unpacked / INSTALLER), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_holds_wheels_weights_and_the_script_and_names_each_file(unpacked: Path) -> None:
    manifest = msgspec.json.decode((unpacked / MANIFEST).read_bytes(), type=Manifest)
    here = this_machine()
    assert (manifest.python, manifest.platform) == (here.python, here.platform)
    assert manifest.weights == ("stub",)
    found = {path.relative_to(unpacked).as_posix(): path for path in unpacked.rglob("*") if path.is_file()}
    assert {file.path for file in manifest.files} == set(found) - {MANIFEST}
    assert "weights/stub/a.bin" in found
    assert all(hashlib.sha256(found[file.path].read_bytes()).hexdigest() == file.sha256 for file in manifest.files)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(WEIGHTS[:-1] + b"!"), "a.bin is damaged: its SHA-256 is not that of the bundle"),
        (Path.unlink, "a.bin cannot be read (No such file or directory). Unpack the bundle again."),
    ],
    ids=["changed", "gone"],
)
def test_a_damaged_file_is_named_before_anything_is_installed(
    unpacked: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(unpacked / "weights" / "stub" / "a.bin")
    refused = install(unpacked, str(unpacked / "venv"))
    assert refused.returncode == 1
    assert said in refused.stderr
    assert not (unpacked / "venv").exists()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target("3.9", this_machine().platform), "This bundle is for Python 3.9, and this is "),
        (Target(this_machine().python, "linux-riscv64"), "This bundle is for linux-riscv64, and this is "),
    ],
    ids=["Python", "platform"],
)
def test_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Target, said: str) -> None:
    refused = install(made(tmp_path, monkeypatch, target), str(tmp_path / "venv"))
    assert refused.returncode == 1
    assert refused.stderr.startswith(said)


def test_without_a_folder_it_says_how_it_is_used(unpacked: Path) -> None:
    assert install(unpacked).stderr.startswith("usage: python3 install.py FOLDER")


def test_the_platform_is_named_by_system_and_processor() -> None:
    assert this_machine().platform.endswith(platform.machine())


def test_the_manifest_is_plain_json(unpacked: Path) -> None:
    assert json.loads((unpacked / MANIFEST).read_text())["extras"] == ["embedded"]
