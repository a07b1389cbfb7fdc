"""The server's data folder: its lock (one server at a time), and the access token made on the first start."""

import contextlib
import fcntl
import logging
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kouyu.server.process import address_file
from kouyu.server.process.private_file import replace_file
from kouyu.settings.first_file import FILE_NAME
from kouyu.store import location
from kouyu.store.errors import NameTaken
from kouyu.store.tokens import Tokens

log = logging.getLogger(__name__)

TOKEN_NAME = "default"
_FURTHER: Final = re.compile(rf"{TOKEN_NAME}-\d+")
RESTORING = "restoring"
"""A file in the data folder while a restore moves others into place: what is there is not whole."""
_LOCK = "lock"
_ID = "server-id"
_NOT_DATA: Final = frozenset((_LOCK, _ID, address_file.NAME, "lost+found"))
"""What may lie in a data folder without data."""


class DataFolderError(Exception):
    """The folder cannot be used. The text says why, and what helps."""


class DataFolderInUse(DataFolderError):
    """Another process, a server, has locked the folder."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(
            f"{path}: another kouyu (process {owner}) uses this data folder; give this one its own with --data-dir"
        )
        self.owner = owner
        """Its process id, or "unknown"."""


class DataFolder:
    """The layout of a data folder. A server gets one that it has locked, from ``open_data_folder``."""

    def __init__(self, path: Path, lock: int = -1) -> None:
        self.path = path
        self.lock = lock
        """The descriptor that holds the lock; -1: none does. A child process that inherits it holds the lock too."""

    @property
    def tls(self) -> Path:
        """The folder of the certificates."""
        return self.path / "tls"

    @property
    def files(self) -> Path:
        """The folder of uploaded files."""
        return self.path / "files"

    @property
    def sessions(self) -> Path:
        """The folder of session records."""
        return self.path / "sessions"

    @property
    def database(self) -> Path:
        """The SQLite database, where the data is not on PostgreSQL."""
        return self.path / location.DATABASE_FILE

    @property
    def elsewhere(self) -> Path:
        """A file that is there while the data is on PostgreSQL, so that no command makes a database here beside it."""
        return self.path / "database-elsewhere"

    def note_database(self, database: str | Path) -> None:
        """Note where the server's database is. Raises DataFolderError."""
        try:
            if isinstance(database, Path):
                self.elsewhere.unlink(missing_ok=True)
            else:
                self.elsewhere.touch(mode=0o600)
        except OSError as error:
            raise DataFolderError(f"{self.elsewhere}: cannot be written: {error.strerror}") from None

    def server_id(self) -> str:
        """A random id that the folder keeps, made at the first call. A backup does not hold it.

        Raises DataFolderError where its file cannot be read or written.
        """
        file = self.path / _ID
        try:
            if kept := file.read_text(encoding="ascii", errors="replace").strip():
                return kept
        except FileNotFoundError:
            pass
        except OSError as error:
            raise DataFolderError(f"{file}: cannot be read: {error.strerror}") from None
        made = secrets.token_hex(16)
        try:
            replace_file(file, f"{made}\n".encode(), 0o600)
        except OSError as error:
            raise DataFolderError(f"{file}: cannot be written: {error.strerror}") from None
        return made

    @property
    def settings(self) -> Path:
        """Where a settings file lies that is kept with the data."""
        return self.path / FILE_NAME

    def kept_files(self) -> list[Path]:
        """The token, the certificates, and a settings file that lies here, as far as there are any."""
        found = [self.token_file, self.settings, *sorted(self.tls.glob("*.pem"))]
        return [path for path in found if path.is_file()]

    def upload_ids(self) -> list[str]:
        """The names of all uploaded files, also of those whose upload was cut off."""
        return sorted(path.name for path in self.files.iterdir()) if self.files.is_dir() else []

    def name_of(self, path: Path) -> str:
        """The path of a file of this folder, relative to it, with ``/``."""
        return path.relative_to(self.path).as_posix()

    def path_of(self, name: str) -> Path:
        """The file with such a name. Raises ValueError for a name that no file of a data folder has."""
        top, _, inner = name.partition("/")
        kept = {path.name for path in (self.token_file, self.settings, self.database)}
        is_inner = top in (self.files.name, self.tls.name) and inner not in ("", ".", "..") and "/" not in inner
        if not is_inner and name not in kept:
            raise ValueError(f"a data folder has no file {name!r}")
        return self.path / name

    def holds_data(self) -> bool:
        """Whether there is anything but what a server leaves that has saved nothing."""
        return any(path.name not in _NOT_DATA for path in self.path.iterdir())

    @property
    def token_file(self) -> Path:
        """The file with the token that is shown at every start."""
        return self.path / "token"

    async def access_token(self, tokens: Tokens, *, is_shared: bool = False) -> str:
        """Return the token shown at every start; create one if there is no valid one.

        The store keeps digests alone, so this one secret is in a file beside it, for its owner. ``is_shared``: other
        servers may use the same tokens; then one is created for all of them, by the first, and "" returned to the rest.
        Raises DataFolderError where its file cannot be read or written.
        """
        if is_shared:
            await _tell_of_others(tokens)
        kept = self._kept_token()
        if kept and await tokens.verify(kept):
            return kept
        secret = await (_only_token(tokens) if is_shared else _new_token(tokens))
        if not secret:
            return ""
        try:
            replace_file(self.token_file, f"{secret}\n".encode(), 0o600)
        except OSError as error:
            raise DataFolderError(f"{self.token_file}: cannot be written: {error.strerror}") from None
        return secret

    def _kept_token(self) -> str:
        """The token in the file; "" if the file is missing or damaged."""
        try:
            return self.token_file.read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return ""
        except OSError as error:
            raise DataFolderError(f"{self.token_file}: cannot be read: {error.strerror}") from None


async def _only_token(tokens: Tokens) -> str:
    """Create a token named ``default``; "" if there is one, of which another server has the secret."""
    try:
        _, secret = await tokens.create(TOKEN_NAME)
    except NameTaken:
        log.warning(
            "the database has the access token %r already, whose secret is in the data folder of the server that made"
            " it: use that one, copy its file `token` into this data folder, or make another (kouyu token create NAME)",
            TOKEN_NAME,
        )
        return ""
    return secret


async def _tell_of_others(tokens: Tokens) -> None:
    """Log which tokens earlier releases made, one for each data folder: they open as much as the first."""
    names = [token.name for token in await tokens.list() if _FURTHER.fullmatch(token.name)]
    if names:
        log.warning(
            "the database has access tokens that kouyu made for further data folders: %s. They stay valid; revoke those"
            " that no client uses (kouyu token revoke NAME)",
            ", ".join(names),
        )


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


def server_on(path: Path) -> str | None:
    """The process id of the server that uses the folder, or "unknown"; None if none does. Makes nothing."""
    try:
        lock = os.open(path / _LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _owner(lock)
    finally:
        os.close(lock)
    return None


def _owner(lock: int) -> str:
    return os.read(lock, 20).decode("ascii", errors="replace").strip() or "unknown"


@contextlib.contextmanager
def open_data_folder(path: Path) -> Iterator[DataFolder]:
    """Open the folder, readable by its owner alone, and lock it while the block runs. Create it if it is missing.

    Without the lock a second server on the same database would close the first one's open chats as left by a crash.
    Raises DataFolderError if the folder cannot be used, another server uses it, or a restore was cut off.
    """
    with locked_data_folder(path) as folder:
        if (path / RESTORING).exists():
            raise DataFolderError(
                f"{path}: a restore into this data folder was cut off; run it again: kouyu restore FILE --force"
            )
        yield folder


@contextlib.contextmanager
def locked_data_folder(path: Path) -> Iterator[DataFolder]:
    """As ``open_data_folder``, for a restore: also where another one was cut off."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        _keep_others_out(path)
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DataFolderError(f"{path}: cannot be used as the data folder: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderInUse(path, _owner(lock)) from None
        with contextlib.suppress(OSError):  # a full disk: the process id is only shown to people
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
        yield DataFolder(path, lock)
    finally:
        os.close(lock)
