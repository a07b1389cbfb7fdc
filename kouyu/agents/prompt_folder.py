"""The temporary folder in which the embedded model saves its prompt cache; deleted with the process that made it."""

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

_PREFIX: Final = "kouyu-prompts-"
_NAME: Final = re.compile(rf"{_PREFIX}(\d+)-.*")


def open_prompt_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder, and delete those of processes that have ended without deleting theirs, as after a SIGKILL."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        made_by = _NAME.fullmatch(folder.name)
        if made_by and not _is_alive(int(made_by[1])):
            shutil.rmtree(folder, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True)


def _is_alive(process_id: int) -> bool:
    with contextlib.suppress(PermissionError):  # another user's
        try:
            os.kill(process_id, 0)
        except (ProcessLookupError, OverflowError):
            return False
    return True
