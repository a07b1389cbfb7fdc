"""`kouyu licences`, and what a default install may consist of."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from click.testing import CliRunner

from kouyu.cli.installed_licences import UNKNOWN, Package, is_gpl, package_of
from kouyu.cli.main import main
from kouyu.weights import catalogue

LOCKS = Path(__file__).parents[2] / "locks"
GPL_IN_PYAV = {"x264", "x265"}
"""The encoders for video in PyAV's wheels, which kouyu never calls: docs/licences.md."""


def locked(lock: str) -> list[Package]:
    """The packages of a lock file that are installed: others are for other platforms."""
    found = []
    for name in sorted(set(re.findall(r"^([\w.-]+)==", (LOCKS / lock).read_text(encoding="utf-8"), re.MULTILINE))):
        try:
            found.append(package_of(distribution(name)))
        except PackageNotFoundError:
            continue
    return found


def test_no_python_package_of_the_default_install_is_under_the_gpl() -> None:
    packages = locked("run.txt")
    assert len(packages) > 80
    assert {package.name: package.licence for package in packages if is_gpl(package.licence)} == {}


def test_every_package_of_the_default_install_states_a_licence() -> None:
    assert [package.name for package in locked("run.txt") if package.licence == UNKNOWN] == []


def test_the_licence_of_every_native_library_is_known_and_only_video_encoders_are_under_the_gpl() -> None:
    libraries = [library for package in locked("run.txt") for library in package.libraries]
    assert [library.file for library in libraries if library.licence == UNKNOWN] == []
    under_gpl = {re.sub(r"^lib(\w+?)[-.].*", r"\1", library.file) for library in libraries if is_gpl(library.licence)}
    assert under_gpl <= GPL_IN_PYAV


@pytest.mark.parametrize(
    "licence", ["GPL-3.0-or-later", "AGPL-3.0-only", "GNU General Public License v3 (GPLv3)", "MIT AND GPL-2.0"]
)
def test_the_gpl_is_recognised(licence: str) -> None:
    assert is_gpl(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "LGPL-2.1-or-later",
        "GNU Lesser General Public License v3 (LGPLv3)",
        "GPL-3.0-or-later WITH GCC-exception-3.1",
        "LGPL-3.0-or-later OR GPL-2.0-or-later",
        "MIT",
    ],
)
def test_other_licences_are_not_taken_for_it(licence: str) -> None:
    assert not is_gpl(licence)


def test_the_command_shows_weights_packages_and_libraries() -> None:
    shown = CliRunner().invoke(main, ["licences"])
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.output.splitlines()]
    names = {line[0] for line in lines if line}
    assert names >= {weight_set.name for weight_set in catalogue.every_set()}
    assert {"hibari-tts", "numpy", "onnxruntime"} <= names
    assert "kouyu[piper]" in shown.output
    assert any(line[:1] == ["piper-tts"] and line[-2:] == ["GPL-3.0-or-later", "*"] for line in lines)
