"""A default install holds no Python package under the GPL."""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

LOCKS = Path(__file__).parent.parent / "locks"
GPL = re.compile(r"(?<!L)(?<!Lesser )\b[A]?GPL|(?<!Lesser )GNU (Affero )?General Public Licen[cs]e", re.IGNORECASE)


def locked(lock: str) -> list[Distribution]:
    """The packages of a lock file that are installed: others are for other platforms."""
    names = re.findall(r"^([\w.-]+)==", (LOCKS / lock).read_text(encoding="utf-8"), re.MULTILINE)
    found = []
    for name in sorted(set(names)):
        try:
            found.append(distribution(name))
        except PackageNotFoundError:
            continue
    return found


def licences(package: Distribution) -> str:
    """All that the metadata say."""
    said = [text.split("\n")[0] for key in ("License-Expression", "License") for text in _fields(package, key)]
    return "; ".join([*said, *(each for each in _fields(package, "Classifier") if each.startswith("License"))])


def _fields(package: Distribution, key: str) -> list[str]:
    return [str(text) for text in package.metadata.get_all(key) or []]


def test_no_package_of_the_default_install_is_under_the_gpl() -> None:
    packages = locked("run.txt")
    assert len(packages) > 80
    assert {package.name: licences(package) for package in packages if GPL.search(licences(package))} == {}


def test_every_package_of_the_default_install_states_a_licence() -> None:
    assert [package.name for package in locked("run.txt") if not licences(package)] == []


def test_piper_would_be_found() -> None:
    (piper,) = (package for package in locked("dev.txt") if package.name == "piper-tts")
    assert GPL.search(licences(piper))


@pytest.mark.parametrize("permissive", ["LGPL-2.1-or-later", "GNU Lesser General Public License v3", "MIT"])
def test_other_licences_are_not_taken_for_the_gpl(permissive: str) -> None:
    assert not GPL.search(permissive)
