"""``kouyu backup`` and ``kouyu restore`` from the command line."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.main import main
from kouyu.store.store import Store


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder, in which a server has saved a file."""
    folder = tmp_path / "data"
    monkeypatch.delenv("KOUYU_DATABASE", raising=False)
    monkeypatch.setenv("KOUYU_DATA_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def saved(data_dir: Path) -> Path:
    """The content of the file that a server has saved."""

    async def add() -> str:
        async with await Store.open(data_dir / "kouyu.db", files_folder=data_dir / "files") as store:
            return (await store.of("").files.add("notes.txt", b"hello")).id

    return data_dir / "files" / asyncio.run(add())


def kouyu(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_backup_is_restored_where_it_came_from(data_dir: Path, saved: Path) -> None:
    made = kouyu("backup", "kouyu.backup")
    assert made.exit_code == 0, made.output
    assert f"Saved {data_dir} in kouyu.backup: 2 files" in made.stdout
    assert made.stderr.split("\n")[:2] == ["Copying the database ...", "Copying the uploads ..."]
    saved.write_bytes(b"overwritten")
    assert "has data in it already" in kouyu("restore", "kouyu.backup").stderr
    restored = kouyu("restore", "kouyu.backup", "--force")
    assert restored.exit_code == 0, restored.output
    assert f"Restored kouyu.backup into {data_dir}: 2 files" in restored.stdout
    assert "What was there before is in" in restored.stdout
    assert saved.read_bytes() == b"hello"
    noted = kouyu("audit").stdout.splitlines()[1]
    assert "backup.restored" in noted


@pytest.mark.usefixtures("saved")
def test_an_existing_file_is_kept_unless_asked() -> None:
    Path("kouyu.backup").write_text("precious")
    refused = kouyu("backup", "kouyu.backup")
    assert refused.exit_code == 1
    assert "kouyu.backup exists already: give another name, or --force" in refused.stderr
    assert Path("kouyu.backup").read_text() == "precious"
    assert kouyu("backup", "kouyu.backup", "--force").exit_code == 0
    assert kouyu("restore", "kouyu.backup", "--data-dir", "new").exit_code == 0


def test_a_folder_without_data_is_named(data_dir: Path) -> None:
    refused = kouyu("backup", "kouyu.backup")
    assert f"no server has saved data in {data_dir} yet; name its folder with --data-dir" in refused.stderr
    assert not data_dir.exists()


def test_of_a_server_on_postgresql_the_files_alone_are_saved_beside_a_dump(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KOUYU_DATABASE", "postgresql://kouyu:secret@127.0.0.1/kouyu")
    refused = kouyu("backup", "kouyu.backup")
    assert refused.exit_code == 1
    assert 'pg_dump --format=custom --file=kouyu.dump "$KOUYU_DATABASE"' in refused.stderr
    assert "secret" not in refused.stderr
    made = kouyu("backup", "--without-database", "kouyu.backup")
    assert made.exit_code == 0
    assert "the audit log does not have this" in made.stderr  # for want of the server
    restored = kouyu("restore", "kouyu.backup", "--force")
    assert "pg_restore" in restored.stdout
    assert saved.read_bytes() == b"hello"
    assert (saved.parent.parent / "kouyu.db").exists()  # not PostgreSQL's, and left as it was
    monkeypatch.delenv("KOUYU_DATABASE")
    assert "is of a server on PostgreSQL" in kouyu("restore", "kouyu.backup", "--force").stderr
    assert "leave out --without-database" in kouyu("backup", "--without-database", "other").stderr


@pytest.mark.usefixtures("saved")
def test_a_database_is_not_restored_where_no_server_would_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kouyu("backup", "kouyu.backup").exit_code == 0
    monkeypatch.setenv("KOUYU_DATABASE", "postgresql://kouyu@127.0.0.1/kouyu")
    assert "the server's is elsewhere: unset KOUYU_DATABASE" in kouyu("restore", "kouyu.backup", "--force").stderr


def test_what_is_no_backup_is_refused() -> None:
    Path("letter").write_text("dear reader")
    refused = kouyu("restore", "letter")
    assert refused.exit_code == 1
    assert "letter is not a backup of kouyu" in refused.stderr
