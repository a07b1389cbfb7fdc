"""Files written as a whole, and never readable by more than they should be."""

import contextlib
import os
from pathlib import Path


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Put ``content`` into the place of the file, which has the permissions ``mode`` from its first byte on.

    Whatever happens meanwhile, the file is the old one or the new one. Raises OSError.
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
