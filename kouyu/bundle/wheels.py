"""Collects the wheels of kouyu and of all that it needs, for this Python and platform or for others."""

import platform
import sys
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

import msgspec

from kouyu.bundle.errors import BundleError
from kouyu.bundle.own_wheel import own_wheel
from kouyu.bundle.pip import run_pip

PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
_SOURCE_ONLY: Final = ("jieba",)
"""Packages in pure Python of which the index has no wheel; it is built here."""
_GLIBC: Final = 28
"""The newest minor version of glibc 2 that a wheel for another Linux may need."""


class Target(msgspec.Struct, frozen=True):
    """The machine that a bundle is for."""

    python: str
    """Such as 3.12."""
    platform: str
    """System and processor, such as linux-x86_64, linux-aarch64, macos-arm64."""


def this_machine() -> Target:
    """The Python and platform that run this."""
    system = {"linux": "linux", "darwin": "macos"}.get(sys.platform, sys.platform)
    return Target(f"{sys.version_info.major}.{sys.version_info.minor}", f"{system}-{platform.machine()}")


def platforms() -> tuple[str, ...]:
    """The platforms that a bundle can be made for here. pip reads conditions on the system as those of this one."""
    own = this_machine().platform
    return ("linux-aarch64", "linux-x86_64") if own.startswith("linux-") else (own,)


def collect_wheels(target: Target, chosen_extras: Sequence[str], folder: Path, *, shown: bool) -> None:
    """Fill ``folder`` with the wheels. For this machine they are the versions that are installed here.

    Raises BundleError, also for a package that has no wheel for the target.
    """
    wheel = own_wheel(folder)
    constraints = folder / "constraints.txt"
    constraints.write_text(_installed() if target == this_machine() else "", encoding="utf-8")
    limits = ("--constraint", str(constraints))
    for name in _SOURCE_ONLY:
        run_pip("wheel", "--no-deps", *limits, "--wheel-dir", str(folder), name, shown=shown)
    run_pip(
        "download",
        "--only-binary",
        ":all:",
        "--find-links",
        str(folder),
        *limits,
        *(() if target == this_machine() else _tags(target)),
        "--dest",
        str(folder),
        f"{wheel}[{','.join(chosen_extras)}]",
        shown=shown,
    )
    constraints.unlink()


def _installed() -> str:
    pinned = {each.metadata["Name"]: each.version for each in distributions() if each.metadata["Name"] != "kouyu"}
    return "".join(f"{name}=={version}\n" for name, version in sorted(pinned.items()) if "+" not in version)


def _tags(target: Target) -> tuple[str, ...]:
    system, _, processor = target.platform.partition("-")
    if system != "linux":
        raise BundleError(f"a bundle for {target.platform} with another Python is made by that Python")
    tags = [f"manylinux_2_{minor}_{processor}" for minor in range(_GLIBC, 4, -1)]
    tags += [f"{name}_{processor}" for name in ("manylinux2014", "manylinux2010", "manylinux1", "linux")]
    interpreter = f"cp{target.python.replace('.', '')}"
    options = ["--python-version", target.python, "--implementation", "cp"]
    options += [word for abi in (interpreter, "abi3", "none") for word in ("--abi", abi)]
    return (*options, *(word for tag in tags for word in ("--platform", tag)))
