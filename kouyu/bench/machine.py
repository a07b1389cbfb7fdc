"""Describes the machine of a measurement, without which its figures mean nothing."""

import os
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import msgspec

_PACKAGES: Final = ("kouyu", "onnxruntime", "ctranslate2", "xllamacpp", "litestar", "uvicorn", "uvloop", "websockets")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The computer and the software, as seen from this process."""

    cpu: str
    cores: int
    """Cores that this process may use."""
    memory_gib: float
    system: str
    python: str
    packages: dict[str, str]
    load: tuple[float, float, float]
    """Load average over 1, 5 and 15 minutes: above 0 at the start, other processes were running."""


def this_machine() -> Machine:
    """Describe this machine."""
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=sys.version.split()[0],
        packages=dict(_versions(_PACKAGES)),
        load=os.getloadavg(),
    )


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _versions(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    for name in names:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
