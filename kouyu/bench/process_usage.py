"""Reads CPU and memory use of a process and its children from ``/proc``."""

import os
from pathlib import Path

import msgspec


class Usage(msgspec.Struct, frozen=True):
    """The use of a process with all its descendants."""

    cpu_s: float
    """CPU time since they started."""
    memory_mib: float
    """Proportional memory (PSS): memory shared between them is counted once."""
    own_memory_mib: float
    """The part of the process itself, without its descendants."""
    own_private_mib: float
    """The part of that not backed by files: files, such as libraries, may be shared with other processes."""
    threads: int
    open_files: int
    """File descriptors: files, sockets, pipes."""


def usage(pid: int) -> Usage:
    """Read the present use. Linux only. Raises ProcessLookupError if the process has ended."""
    pids = [pid, *descendants(pid)]
    used = [one for one in map(_own_usage, pids) if one is not None]
    if not used:
        raise ProcessLookupError(f"there is no process {pid}")
    return Usage(
        cpu_s=sum(one.cpu_s for one in used),
        memory_mib=sum(one.memory_mib for one in used),
        own_memory_mib=used[0].memory_mib,
        own_private_mib=used[0].own_private_mib,
        threads=sum(one.threads for one in used),
        open_files=sum(one.open_files for one in used),
    )


def child_running(module: str) -> int | None:
    """The id of the child of this process that runs ``python -m MODULE``; None if there is none. Linux only."""
    for pid in descendants(os.getpid()):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        if module.encode() in command:
            return pid
    return None


def _own_usage(pid: int) -> Usage | None:
    try:
        fields = _stat(pid)
        memory = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        open_files = len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None  # it has ended meanwhile
    ticks = int(fields[11]) + int(fields[12])
    kib = {line.split()[0]: int(line.split()[1]) for line in memory.splitlines()[1:]}
    memory_mib = kib["Pss:"] / 1024
    return Usage(
        cpu_s=ticks / os.sysconf("SC_CLK_TCK"),
        memory_mib=memory_mib,
        own_memory_mib=memory_mib,
        own_private_mib=kib["Anonymous:"] / 1024,
        threads=int(fields[17]),
        open_files=open_files,
    )


def descendants(pid: int) -> list[int]:
    """The ids of the children of a process, and of theirs. Linux only."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(_stat(int(entry.name))[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        born = children.get(waiting.pop(), [])
        found += born
        waiting += born
    return found


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` from the third on: the second is a name, which may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
