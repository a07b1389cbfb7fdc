"""Backups of a data folder that the store itself has filled."""

import io
import resource
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from kouyu.backup import saving
from kouyu.backup.manifest import MANIFEST_FILE, BackupError, Entry, Manifest
from kouyu.backup.restoring import Restored, restore
from kouyu.backup.saving import Saved, save
from kouyu.server.process.certificates import local_certificate
from kouyu.server.process.data_folder import DataFolderError, open_data_folder
from kouyu.store.snapshot import Snapshot, copy_database
from kouyu.store.store import Store


class Filled:
    """A data folder with a conversation, two uploads, a token and certificates."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.backup = path.parent / "kouyu.backup"
        self.uploads: tuple[str, str]
        self.token: str

    def save(self) -> Saved:
        return save(self.path, self.path / "kouyu.db", self.backup, lambda *_: None)

    def restore(self, folder: Path, *, force: bool = False) -> Restored:
        return restore(self.backup, folder, force=force, progress=lambda *_: None)

    def rewrite(self, change: Callable[[str, bytes], bytes | None]) -> None:
        """Write the backup anew, with the content that ``change`` makes of each file; None leaves the file out."""
        with tarfile.open(self.backup) as archive:
            contents = {each.name: archive.extractfile(each).read() for each in archive.getmembers()}  # type: ignore[union-attr]
        with tarfile.open(self.backup, "w") as archive:
            for name, content in contents.items():
                changed = change(name, content)
                if changed is not None:
                    member = tarfile.TarInfo(name)
                    member.size = len(changed)
                    archive.addfile(member, io.BytesIO(changed))


@pytest.fixture
async def filled(tmp_path: Path) -> Filled:
    made = Filled(tmp_path / "data")
    with open_data_folder(made.path) as folder:
        local_certificate(folder.tls, [])
        async with await Store.open(folder.database, files_folder=folder.files) as store:
            await store.of("").conversations.create_if_missing("c", "bot")
            made.uploads = (
                (await store.of("").files.add("notes.txt", b"hello")).id,
                (await store.of("").files.add("map.png", bytes(3_000_000))).id,
            )
            made.token = await folder.access_token(store.tokens)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name, without those that a server makes anew."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("lock", "kouyu.db-wal", "kouyu.db-shm")
    }


async def test_everything_is_there_after_a_restore(filled: Filled, tmp_path: Path) -> None:
    (filled.path / "kouyu.toml").write_text("# mine\n")
    (filled.path / "files" / "7").write_bytes(b"an upload that was cut off, without a row")
    assert filled.save().without_content == ()
    before = contents(filled.path)
    del before["files/7"]
    restored = filled.restore(tmp_path / "new")
    after = contents(tmp_path / "new")
    assert restored.former is None
    assert {name for name in after if not name.startswith("tls/")} == {
        *("kouyu.db", "token", "kouyu.toml"),
        *(f"files/{each}" for each in filled.uploads),
    }
    assert {**after, "kouyu.db": b""} == {**before, "kouyu.db": b""}
    with open_data_folder(tmp_path / "new") as folder:
        async with await Store.open(folder.database, files_folder=folder.files) as store:
            assert await store.of("").conversations.get("c") is not None
            assert await folder.access_token(store.tokens) == filled.token
            record = await store.of("").files.get(filled.uploads[0])
            assert record is not None
            assert await store.of("").files.content(record) == b"hello"


def test_backup_and_restored_files_are_their_owners_alone(filled: Filled, tmp_path: Path) -> None:
    filled.save()
    filled.restore(tmp_path / "new")
    assert filled.backup.stat().st_mode & 0o777 == 0o600
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*") if path.is_file()}
    folders = {path.stat().st_mode & 0o777 for path in (tmp_path / "new", *(tmp_path / "new").glob("*/"))}
    assert (modes, folders) == ({0o600}, {0o700})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "kouyu.backup", "new"]


async def test_an_upload_that_is_deleted_meanwhile_is_not_in_the_backup(
    filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy_then_delete(source: Path, target: Path, advanced: Callable[[int, int], None]) -> Snapshot:
        snapshot = copy_database(source, target, advanced)
        with closing(sqlite3.connect(source)) as server:
            server.execute("DELETE FROM files WHERE id = ?", (filled.uploads[0],))
            server.commit()
        (filled.path / "files" / filled.uploads[0]).unlink()
        return snapshot

    monkeypatch.setattr(saving, "copy_database", copy_then_delete)
    assert filled.save().without_content == ()
    filled.restore(tmp_path / "new")
    async with await Store.open(tmp_path / "new" / "kouyu.db") as store:
        assert await store.of("").files.get(filled.uploads[0]) is None
        assert await store.of("").files.get(filled.uploads[1]) is not None


def test_an_upload_whose_content_was_lost_before_is_reported(filled: Filled) -> None:
    (filled.path / "files" / filled.uploads[1]).unlink()
    assert filled.save().without_content == (filled.uploads[1],)


def test_a_backup_that_does_not_fit_leaves_nothing_and_the_former_one_as_it_was(filled: Filled, tmp_path: Path) -> None:
    filled.save()
    former = filled.backup.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))  # stands in for a disk that is full
    try:
        with pytest.raises(BackupError):
            filled.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert filled.backup.read_bytes() == former
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "kouyu.backup"]


def flipped(name: str, content: bytes) -> bytes:
    return content[:-1] + b"!" if name.startswith("files/") else content


def without_token(name: str, content: bytes) -> bytes | None:
    return None if name == "token" else content


def without_manifest(name: str, content: bytes) -> bytes | None:
    return None if name == MANIFEST_FILE else content


def of_a_newer_schema(name: str, content: bytes) -> bytes:
    if name != MANIFEST_FILE:
        return content
    found = msgspec.json.decode(content, type=Manifest)
    return msgspec.json.encode(msgspec.structs.replace(found, schema_version=99, release="9.1.0"))


def of_a_newer_format(name: str, content: bytes) -> bytes:
    if name != MANIFEST_FILE:
        return content
    return msgspec.json.encode(msgspec.structs.replace(msgspec.json.decode(content, type=Manifest), format=2))


def naming_a_file_elsewhere(name: str, content: bytes) -> bytes:
    if name != MANIFEST_FILE:
        return content
    found = msgspec.json.decode(content, type=Manifest)
    return msgspec.json.encode(msgspec.structs.replace(found, entries=(*found.entries, Entry("files/../x", 0, ""))))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (flipped, "is damaged: files/.* is not what was saved"),
        (without_token, "is damaged: token is missing"),
        (without_manifest, "not a whole backup"),
        (of_a_newer_schema, "schema version 99 and needs kouyu 9.1.0 or newer"),
        (of_a_newer_format, "in a newer form: update kouyu"),
        (naming_a_file_elsewhere, "is not a backup of kouyu: a data folder has no file 'files/../x'"),
    ],
)
def test_what_is_no_good_backup_is_refused_and_changes_nothing(
    filled: Filled, change: Callable[[str, bytes], bytes | None], says: str
) -> None:
    filled.save()
    filled.rewrite(change)
    before = contents(filled.path)
    with pytest.raises(BackupError, match=says):
        filled.restore(filled.path, force=True)
    assert contents(filled.path) == before


@pytest.mark.parametrize("left", [0, 100, 5000, 1_000_000])
def test_a_backup_that_was_cut_off_is_refused(filled: Filled, tmp_path: Path, left: int) -> None:
    filled.save()
    filled.backup.write_bytes(filled.backup.read_bytes()[:left])
    with pytest.raises(BackupError, match=r"not a (whole )?backup of kouyu"):
        filled.restore(tmp_path / "new")


def test_data_is_replaced_only_when_asked_and_then_kept_aside(filled: Filled, tmp_path: Path) -> None:
    filled.save()
    (filled.path / "token").write_text("another\n")
    (filled.path / "files" / "8").write_bytes(b"newer than the backup")
    (filled.path / "flows.py").write_text("# of the operator")
    before = contents(filled.path)
    with pytest.raises(BackupError, match=r"has data in it already.*--force"):
        filled.restore(filled.path)
    assert contents(filled.path) == before
    former = filled.restore(filled.path, force=True).former
    assert former is not None
    aside = contents(former)
    assert (aside["token"], aside["files/8"]) == (b"another\n", b"newer than the backup")
    assert former.stat().st_mode & 0o777 == 0o700
    assert (filled.path / "token").read_text().strip() == filled.token
    assert not (filled.path / "files" / "8").exists()
    assert (filled.path / "flows.py").read_text() == "# of the operator"


def test_a_folder_that_a_server_uses_is_refused(filled: Filled, tmp_path: Path) -> None:
    filled.save()
    stop_it = r"a server \(process [0-9]+\) uses this data folder: stop it first"
    with open_data_folder(tmp_path / "new"), pytest.raises(BackupError, match=stop_it):
        filled.restore(tmp_path / "new", force=True)


def test_a_server_refuses_a_folder_in_which_a_restore_was_cut_off_until_it_is_run_again(
    filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.save()
    rename, renamed = Path.rename, 0

    def rename_twice(self: Path, target: Path) -> Path:
        nonlocal renamed
        renamed += 1
        if renamed > 2:
            raise OSError(5, "Input/output error", str(self))
        return rename(self, target)

    new = tmp_path / "new"
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename_twice)
        with pytest.raises(BackupError, match="Input/output error"):
            filled.restore(new)
    with pytest.raises(DataFolderError, match="a restore into this data folder was cut off"), open_data_folder(new):
        pass
    filled.restore(new, force=True)
    with open_data_folder(new) as folder:
        assert folder.token_file.read_text().strip() == filled.token
    assert not list(new.glob(".restoring-*"))
