import asyncio
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.user import user
from kouyu.store.store import Store
from tests.cli.test_token import data_dir

__all__ = ["data_dir"]


def run(*arguments: str, says: str = "") -> Result:
    return CliRunner().invoke(user, arguments, input=says)


@pytest.fixture
def ada(data_dir: Path) -> None:
    async def furnish() -> None:
        async with await Store.open(data_dir / "kouyu.db", files_folder=data_dir / "files") as store:
            await store.of("").conversations.create_if_missing("7", "bot", "ada")
            await store.of("shop").variables.set("bot", "ada", {"city": "Rome"})

    asyncio.run(furnish())


@pytest.mark.usefixtures("ada")
def test_a_user_is_exported_to_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "ada.zip"
    assert run("export", "ada", str(file)).stdout == f"Exported 1 conversations of ada to {file}.\n"
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        assert "conversations/7.json" in archive.namelist()
        assert json.loads(archive.read("user.json"))["owner"] == ""
    assert "exists already" in run("export", "ada", str(file)).stderr
    assert "1 variables" in run("export", "ada", str(file), "--force", "--owner", "shop").stdout


@pytest.mark.usefixtures("ada")
def test_a_user_is_deleted_after_a_question_or_without_one() -> None:
    assert run("delete", "ada", says="n\n").exit_code == 1
    assert run("delete", "ada", says="y\n").stdout.endswith("Deleted 1 conversations of ada.\n")
    again = run("delete", "ada", "--yes")
    assert again.stdout == "Deleted nothing of ada.\n"
    assert "for tokens that have one give --owner" in again.stderr
    assert run("delete", "ada", "--yes", "--owner", "shop").stdout == "Deleted 1 variables of ada.\n"


@pytest.mark.usefixtures("ada")
def test_session_records_are_exported_and_deleted_with_their_user(data_dir: Path, tmp_path: Path) -> None:
    record = data_dir / "sessions" / "7" / "log.kyrec"
    record.parent.mkdir(parents=True)
    record.write_bytes(b"what she said")
    file = tmp_path / "ada.zip"
    assert "1 sessions" in run("export", "ada", str(file)).stdout
    with zipfile.ZipFile(file) as archive:
        assert archive.read("sessions/7/log.kyrec") == b"what she said"
    assert run("delete", "ada", "--yes").stdout == "Deleted 1 conversations, 1 sessions of ada.\n"
    assert not record.parent.exists()


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("arguments", [("delete", "", "--yes"), ("export", "", "x.zip")])
def test_the_user_id_of_those_who_have_none_is_refused(arguments: tuple[str, ...]) -> None:
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert "'USER_ID': is empty" in refused.stderr


def test_a_data_folder_that_no_server_has_used_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ada.zip"
    refused = run("export", "ada", str(file), "--data-dir", str(tmp_path / "mistyped"))
    assert "no server has saved data" in refused.stderr
    assert not file.exists()
