"""Restores a backup into a data folder that no server uses: checks all of it first, then moves it into place."""

import contextlib
import hashlib
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from kouyu.backup.manifest import FORMAT, MANIFEST_FILE, BackupError, Entry, Manifest
from kouyu.backup.progress import Progress
from kouyu.server.process.data_folder import (
    RESTORING,
    DataFolder,
    DataFolderError,
    DataFolderInUse,
    locked_data_folder,
)
from kouyu.server.process.private_file import sync_folder
from kouyu.store import migrations
from kouyu.store.schema import too_new
from kouyu.store.schema_version import SchemaVersion

_PIECE: Final = 1024 * 1024
_STAGING: Final = ".restoring-"


class Restored(msgspec.Struct, frozen=True):
    """A backup that was restored."""

    manifest: Manifest
    former: Path | None
    """The folder with what was there before, inside the data folder; None if nothing was."""


def read_manifest(file: Path) -> Manifest:
    """Return what the backup holds. Raises BackupError if this kouyu cannot restore it."""
    with _opened(file) as archive:
        return _manifest(archive)


def restore(file: Path, folder: Path, *, force: bool, progress: Progress) -> Restored:
    """Restore the backup into the data folder, which is created if it is missing.

    Every file is compared with its hash before anything in the folder changes. With ``force`` the data that is there is
    moved aside, into a folder of its own. Raises BackupError.
    """
    try:
        with _opened(file) as archive:
            manifest = _manifest(archive)
            with locked_data_folder(folder) as data:
                for left in data.path.glob(f"{_STAGING}*"):  # of a restore that was killed
                    shutil.rmtree(left)
                if data.holds_data() and not force:
                    raise BackupError(f"{folder} has data in it already: restore into another folder, or give --force")
                return Restored(manifest, _restore(archive, manifest, data, progress))
    except DataFolderInUse as error:
        raise BackupError(f"{folder}: a server (process {error.owner}) uses this data folder: stop it first") from error
    except DataFolderError as error:
        raise BackupError(str(error)) from error


class _Archive:
    """The files of a backup by name."""

    def __init__(self, file: Path, archive: tarfile.TarFile) -> None:
        self.file = file
        self._archive = archive
        self._members = {member.name: member for member in archive.getmembers()}

    def content(self, name: str, missing: str) -> IO[bytes]:
        """A file, to be read. Raises BackupError with the text ``missing`` if there is none."""
        member = self._members.get(name)
        content = self._archive.extractfile(member) if member is not None and member.isfile() else None
        if content is None:
            raise BackupError(f"{self.file} {missing}")
        return content


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[_Archive]:
    try:
        with tarfile.open(file, mode="r:") as archive:
            yield _Archive(file, archive)
    except tarfile.TarError as error:
        raise BackupError(f"{file} is not a backup of kouyu, or is damaged: {error}") from error
    except OSError as error:
        raise BackupError(f"{error.filename or file}: {error.strerror or error}") from error


def _manifest(archive: _Archive) -> Manifest:
    content = archive.content(MANIFEST_FILE, missing="is not a whole backup of kouyu: it has no manifest")
    try:
        manifest = msgspec.json.decode(content.read(), type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupError(f"{archive.file}: its manifest cannot be read: {error}") from error
    if manifest.format > FORMAT:
        raise BackupError(f"{archive.file} was made by kouyu {manifest.kouyu} in a newer form: update kouyu")
    if manifest.schema_version > len(migrations.STEPS):
        raise BackupError(f"{archive.file} {too_new(SchemaVersion(manifest.schema_version, manifest.release))}")
    return manifest


def _restore(archive: _Archive, manifest: Manifest, data: DataFolder, progress: Progress) -> Path | None:
    staging = DataFolder(Path(tempfile.mkdtemp(dir=data.path, prefix=_STAGING)))
    try:
        done = 0
        for entry in manifest.entries:
            try:
                path = staging.path_of(entry.name)
            except ValueError as error:
                raise BackupError(f"{archive.file} is not a backup of kouyu: {error}") from error
            _extract(archive, entry, path)
            done += entry.size
            progress("files", done, manifest.size)
        for folder in {staging.path, *(path for path in staging.path.iterdir() if path.is_dir())}:
            sync_folder(folder)
    except BaseException:
        shutil.rmtree(staging.path, ignore_errors=True)
        raise
    return _moved_into_place(staging, data, manifest)


def _moved_into_place(staging: DataFolder, data: DataFolder, manifest: Manifest) -> Path | None:
    """Move the restored files to where a server expects them, and what they replace aside: see Restored.former.

    Until the end a server refuses the folder, which is not whole.
    """
    marker = data.path / RESTORING
    marker.touch(mode=0o600)
    former = _moved_aside(data, manifest)
    for path in staging.path.iterdir():
        path.rename(data.path / path.name)
    sync_folder(data.path)
    staging.path.rmdir()
    marker.unlink()
    sync_folder(data.path)
    return former


def _extract(archive: _Archive, entry: Entry, path: Path) -> None:
    """Write a file of the backup, for its owner alone; compare it with its hash."""
    content = archive.content(entry.name, missing=f"is damaged: {entry.name} is missing")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
        while piece := content.read(_PIECE):
            digest.update(piece)
            output.write(piece)
        output.flush()
        os.fsync(output.fileno())
    if digest.hexdigest() != entry.sha256:
        raise BackupError(f"{archive.file} is damaged: {entry.name} is not what was saved")


def _moved_aside(data: DataFolder, manifest: Manifest) -> Path | None:
    """Move what the backup replaces into a folder of its own, which is returned."""
    replaced = [data.files, data.tls, data.token_file]
    if manifest.database == "sqlite":
        replaced += [data.database.with_name(data.database.name + suffix) for suffix in ("", "-wal", "-shm")]
    if any(entry.name == data.settings.name for entry in manifest.entries):
        replaced.append(data.settings)
    found = [path for path in replaced if path.exists()]
    if not found:
        return None
    former = Path(tempfile.mkdtemp(dir=data.path, prefix=time.strftime("before-restore-%Y%m%dT%H%M%S-")))
    for path in found:
        path.rename(former / path.name)
    return former
