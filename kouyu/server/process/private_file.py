"""Atomic file replacement that never leaves a file readable by more users than intended."""

import contextlib
import os
from pathlib import Path


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Replace the file's content atomically. The new file has the permissions ``mode`` from its first byte on.

    After a crash the file is the old one or the new one. Raises OSError.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def write_new_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read. Raises FileExistsError if it exists, OSError."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def sync_folder(path: Path) -> None:
    """Write the names in a folder to disk: after a power failure a file's content may otherwise exist without its name.

    Raises OSError.
    """
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
