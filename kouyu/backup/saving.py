"""Makes a backup. The server may run: it is neither stopped nor held up."""

import hashlib
import io
import os
import tarfile
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import IO

import msgspec

from kouyu.backup.manifest import MANIFEST_FILE, BackupError, Entry, Manifest
from kouyu.backup.progress import Progress
from kouyu.server.process.data_folder import DataFolder
from kouyu.server.process.private_file import sync_folder
from kouyu.store.errors import StoreError
from kouyu.store.location import DATABASE_FILE
from kouyu.store.snapshot import Snapshot, copy_database, forget_file, has_file


class Saved(msgspec.Struct, frozen=True):
    """A backup that was made."""

    manifest: Manifest
    without_content: tuple[str, ...]
    """Uploaded files of the database whose content was missing in the data folder."""


def save(folder: Path, database: Path | None, file: Path, progress: Progress) -> Saved:
    """Back up the data folder and its SQLite database into ``file``, for its owner alone; replaces the file at the end.

    ``database`` None: without the database, with every uploaded file. Beside ``file`` there must be room for it and
    once more for the database. Raises BackupError.
    """
    try:
        with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".kouyu-backup-") as scratch:
            saved = _save(folder, database, Path(scratch), progress)
            (Path(scratch) / "backup").replace(file)
        sync_folder(file.absolute().parent)
    except OSError as error:
        raise BackupError(f"{error.filename or file}: {error.strerror or error}") from error
    except StoreError as error:
        raise BackupError(str(error)) from error
    return saved


def _save(folder: Path, database: Path | None, scratch: Path, progress: Progress) -> Saved:
    data = DataFolder(folder)
    with open(os.open(scratch / "backup", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
        with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
            # Before the database: the token of the token file is then in it. Uploads after it: an upload's content is
            # written before its row, so each upload of the copied database is there.
            entries = [_added(archive, data.name_of(path), path) for path in data.kept_files()]
            lost: tuple[str, ...] = ()
            copied: Snapshot | None = None
            if database is None:
                entries += _uploads(archive, data, tuple(data.upload_ids()), progress)[0]
            else:
                copy = scratch / DATABASE_FILE
                copied = copy_database(database, copy, lambda done, whole: progress("database", done, whole))
                uploads, gone = _uploads(archive, data, copied.file_ids, progress)
                lost = _without_deleted(database, copy, gone)
                entries += [*uploads, _added(archive, DATABASE_FILE, copy)]
            manifest = Manifest(
                kouyu=version("kouyu"),
                created_at=int(time.time()),
                database="none" if copied is None else "sqlite",
                schema_version=copied.schema_version if copied else 0,
                release=copied.release if copied else "",
                entries=tuple(entries),
            )
            content = msgspec.json.format(msgspec.json.encode(manifest))
            archive.addfile(_member(MANIFEST_FILE, len(content)), io.BytesIO(content))
        output.flush()
        os.fsync(output.fileno())
    return Saved(manifest, lost)


def _uploads(
    archive: tarfile.TarFile, data: DataFolder, ids: tuple[str, ...], progress: Progress
) -> tuple[list[Entry], list[str]]:
    """Add the uploaded files; return their entries, and the ids of those that have no content."""
    entries: list[Entry] = []
    gone: list[str] = []
    for number, file_id in enumerate(ids, 1):
        path = data.files / file_id
        try:
            entries.append(_added(archive, data.name_of(path), path))
        except FileNotFoundError:
            gone.append(file_id)
        progress("uploads", number, len(ids))
    return entries, gone


def _without_deleted(database: Path, copy: Path, gone: list[str]) -> tuple[str, ...]:
    """Delete from the copy what the server has deleted since; return those that it still lists."""
    lost = tuple(file_id for file_id in gone if has_file(database, file_id))
    for file_id in set(gone).difference(lost):
        forget_file(copy, file_id)
    return lost


def _added(archive: tarfile.TarFile, name: str, path: Path) -> Entry:
    with path.open("rb") as content:
        size = os.fstat(content.fileno()).st_size
        digest = hashlib.sha256()
        archive.addfile(_member(name, size), _Hashing(content, digest.update))
    return Entry(name, size, digest.hexdigest())


class _Hashing(io.RawIOBase):
    """Reads a file, and passes what was read to a hash."""

    def __init__(self, content: IO[bytes], update: Callable[[bytes], object]) -> None:
        self._content = content
        self._update = update

    def read(self, size: int = -1, /) -> bytes:
        piece = self._content.read(size)
        self._update(piece)
        return piece


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    return member
