"""What of this machine decides which language model it can run: its identity, and its free memory."""

import os
import platform
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

_CGROUP: Final = Path("/sys/fs/cgroup")
_MIB: Final = 1 << 20


def machine_identity() -> str:
    """Processor, cores and version of llama.cpp: where one of these differs, measured speeds do not count."""
    return f"{_processor()}, {cores()} cores, xllamacpp {version('xllamacpp')}"


def free_memory_mib() -> int:
    """Memory that a process can take without swapping, in MiB: of the machine, and within the limit of the container.

    Where the system does not say what is free (macOS), half of the machine's memory.
    """
    free = _of_meminfo()
    with suppress(OSError, ValueError):
        limit = int((_CGROUP / "memory.max").read_text(encoding="ascii"))
        used = int((_CGROUP / "memory.current").read_text(encoding="ascii"))
        free = min(free, (limit - used) // _MIB)
    return max(free, 0)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_time_s(process_id: int | None) -> float | None:
    """Processor time that all threads of a process have used; None where the system does not say it."""
    with suppress(OSError, ValueError):
        threads = Path(f"/proc/{process_id}/task").glob("*/schedstat")
        used = [int(path.read_text(encoding="ascii").split()[0]) for path in threads]
        return sum(used) / 1e9 if used else None
    return None


def _of_meminfo() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MIB // 2


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
