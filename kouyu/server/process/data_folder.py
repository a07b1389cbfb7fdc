"""The folder of the server's data: one server at a time, and the secret of the token made on the first start."""

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
    """A folder that this process may use. Make one with ``open_data_folder``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def tls(self) -> Path:
        """Where certificates are."""
        return self.path / "tls"

    @property
    def files(self) -> Path:
        """Where uploaded files are."""
        return self.path / "files"

    @property
    def _token_file(self) -> Path:
        return self.path / "token"

    async def access_token(self, tokens: Tokens) -> str:
        """The token shown at every start, made when there is none that is good.

        The store keeps digests alone, so this one secret is kept beside it, for its owner's eyes. Raises
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
        """What the file says; "" where there is none, or it is damaged."""
        try:
            return self._token_file.read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return ""
        except OSError as error:
            raise DataFolderError(f"{self._token_file}: cannot be read: {error.strerror}") from None


async def _new_token(tokens: Tokens) -> str:
    """A token named ``default``, or ``default-2`` where a client may still use that one, and so on."""
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
    """Take the folder's permissions from group and others: what is in it are conversations, voices and tokens."""
    found = stat.S_IMODE(path.stat().st_mode)
    if found & 0o077:
        with contextlib.suppress(PermissionError):  # not ours: its owner decides who sees it
            path.chmod(found & 0o700)
            log.warning("%s: others had access to the data folder (mode %o); now they have none", path, found)


@contextlib.contextmanager
def open_data_folder(path: Path) -> Iterator[DataFolder]:
    """The folder, made where missing, for its owner alone, and locked while the block runs.

    A second server on the same database would take the first one's open chats for those of a crash. Raises
    DataFolderError when the folder cannot be used, or another server uses it.
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
        with contextlib.suppress(OSError):  # a full disk: it is there to be read by people alone
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
        yield DataFolder(path)
    finally:
        os.close(lock)
