"""The server's data folder: its lock (one server at a time), and the access token made on the first start."""

import contextlib
import fcntl
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from kouyu.server.process.private_file import replace_file
from kouyu.store.errors import NameTaken
from kouyu.store.tokens import Tokens

log = logging.getLogger(__name__)

TOKEN_NAME = "default"


class DataFolderError(Exception):
    """The folder cannot be used. The text says why, and what helps."""


class DataFolder:
    """A data folder locked by this process. Made by ``open_data_folder``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def tls(self) -> Path:
        """The folder of the certificates."""
        return self.path / "tls"

    @property
    def files(self) -> Path:
        """The folder of uploaded files."""
        return self.path / "files"

    @property
    def _token_file(self) -> Path:
        return self.path / "token"

    async def access_token(self, tokens: Tokens) -> str:
        """Return the token shown at every start; create one if there is no valid one.

        The store keeps digests alone, so this one secret is in a file beside it, for its owner. Raises
        DataFolderError where its file cannot be read or written.
        """
        kept = self._kept_token()
        if kept and await tokens.verify(kept):
            return kept
        secret = await _new_token(tokens)
        try:
            replace_file(self._token_file, f"{secret}\n".encode(), 0o600)
        except OSError as error:
            raise DataFolderError(f"{self._token_file}: cannot be written: {error.strerror}") from None
        return secret

    def _kept_token(self) -> str:
        """The token in the file; "" if the file is missing or damaged."""
        try:
            return self._token_file.read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return ""
        except OSError as error:
            raise DataFolderError(f"{self._token_file}: cannot be read: {error.strerror}") from None


async def _new_token(tokens: Tokens) -> str:
    """Create a token named ``default``; ``default-2`` (and so on) if a client may still use that name."""
    number = 1
    while True:
        name = TOKEN_NAME if number == 1 else f"{TOKEN_NAME}-{number}"
        try:
            _, secret = await tokens.create(name)
        except NameTaken:
            number += 1
        else:
            return secret


def _keep_others_out(path: Path) -> None:
    """Remove the permissions of group and others: the folder holds conversations, voices and tokens."""
    found = stat.S_IMODE(path.stat().st_mode)
    if found & 0o077:
        with contextlib.suppress(PermissionError):  # another user's folder: its owner decides who may read it
            path.chmod(found & 0o700)
            log.warning("%s: others had access to the data folder (mode %o); now they have none", path, found)


@contextlib.contextmanager
def open_data_folder(path: Path) -> Iterator[DataFolder]:
    """Open the folder, readable by its owner alone, and lock it while the block runs. Create it if it is missing.

    Without the lock a second server on the same database would close the first one's open chats as left by a crash.
    Raises DataFolderError if the folder cannot be used, or another server uses it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        _keep_others_out(path)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DataFolderError(f"{path}: cannot be used as the data folder: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(lock, 20).decode("ascii", errors="replace").strip() or "unknown"
            raise DataFolderError(
                f"{path}: another kouyu (process {owner}) uses this data folder; give this one its own with --data-dir"
            ) from None
        with contextlib.suppress(OSError):  # a full disk: the process id is only shown to people
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
        yield DataFolder(path)
    finally:
        os.close(lock)
