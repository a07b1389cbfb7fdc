"""The files of session records: where they lie, and when they are deleted.

``folder/CONVERSATION/LOG_ID.kyrec``. A session that changes its conversation has a hard link in the folder of each, and
is deleted with the first of them that is deleted.
"""

import asyncio
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

from kouyu.store.errors import StoreError
from kouyu.store.sound_bounds import Bounds

SUFFIX: Final = ".kyrec"
_NAME: Final = re.compile(r"[\w-]{1,100}")
_DAY_S: Final = 86_400


class SessionRecordFiles:
    """The records of all owners, in one folder that only the server's user can read."""

    def __init__(self, folder: Path | None) -> None:
        """``folder`` is created with the first record; None: nothing can be recorded."""
        self._folder = folder

    @property
    def is_available(self) -> bool:
        """Whether there is a folder for records."""
        return self._folder is not None

    def create(self, conversation_id: str, log_id: str) -> tuple[Path, IO[bytes]]:
        """Create the file of a session. Raises OSError."""
        path = self._of(conversation_id) / f"{_checked(log_id)}{SUFFIX}"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        return path, open(descriptor, "wb", buffering=0)

    def add_conversation(self, path: Path, conversation_id: str) -> None:
        """Note that the session is part of this conversation too. Raises OSError, also if its file was deleted."""
        link = self._of(conversation_id) / path.name
        if not path.exists() or link.exists():
            path.stat()
            return
        link.parent.mkdir(exist_ok=True, mode=0o700)
        os.link(path, link)

    def remove(self, name: str) -> None:
        """Delete the record of this file name under all its conversations. Raises OSError."""
        if self._folder is None:
            return
        for link in self._folder.glob(f"*/{name}"):
            link.unlink(missing_ok=True)
            _remove_if_empty(link.parent)

    async def delete_of(self, conversation_ids: Iterable[str]) -> int:
        """Delete the records of these conversations; return how many there were. Raises StoreError."""
        ids = [conversation_id for conversation_id in conversation_ids if _NAME.fullmatch(conversation_id)]
        if self._folder is None or not ids:
            return 0
        try:
            return await asyncio.to_thread(self._delete_of, ids)
        except OSError as error:
            raise StoreError(f"a session record could not be deleted: {error.strerror}") from error

    def _delete_of(self, conversation_ids: list[str]) -> int:
        paths = [path for conversation_id in conversation_ids for path in self.of(conversation_id)]
        for name in {path.name for path in paths}:
            self.remove(name)
        return len({path.name for path in paths})

    def of(self, conversation_id: str) -> list[Path]:
        """The records of a conversation, in the order of their names."""
        folder = self._folder and self._of(conversation_id)
        return sorted(folder.glob(f"*{SUFFIX}")) if folder is not None and folder.is_dir() else []

    async def forget(self, bounds: Bounds, now: float) -> None:
        """Delete records beyond the limits, the oldest first; ``now`` in Unix seconds. Raises StoreError."""
        try:
            await asyncio.to_thread(self.forget_now, bounds, now)
        except OSError as error:
            raise StoreError(f"session records could not be deleted: {error.strerror}") from error

    def forget_now(self, bounds: Bounds, now: float) -> None:
        """The same, on the caller's thread. Raises OSError."""
        found = sorted(self._all())
        kept = sum(size for _, _, size in found)
        for written_at, name, size in found:
            if written_at >= now - bounds.days * _DAY_S and kept <= bounds.max_bytes:
                return
            self.remove(name)
            kept -= size

    def _all(self) -> Iterator[tuple[float, str, int]]:
        """When each record was last written (Unix seconds), its file name, and its size in bytes."""
        by_name = {path.name: path for path in self._folder.glob(f"*/*{SUFFIX}")} if self._folder is not None else {}
        for name, path in by_name.items():
            try:
                about = path.stat()
            except FileNotFoundError:  # deleted meanwhile
                continue
            yield about.st_mtime, name, about.st_size

    def _of(self, conversation_id: str) -> Path:
        if self._folder is None:
            raise FileNotFoundError("this store was opened without a folder for session records")
        return self._folder / _checked(conversation_id)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise FileNotFoundError(f"{name[:100]!r} cannot be part of a file name")
    return name


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # other records lie there
        return
