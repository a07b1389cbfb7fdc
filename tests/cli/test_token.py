import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.token import token
from kouyu.store.store import Store
from kouyu.store.tokens import TokenRecord


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KOUYU_DATABASE", raising=False)
    monkeypatch.setenv("KOUYU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(token, arguments)


def verify(data_dir: Path, secret: str) -> TokenRecord | None:
    async def verify() -> TokenRecord | None:
        async with await Store.open(data_dir / "kouyu.db") as store:
            return await store.tokens.verify(secret)

    return asyncio.run(verify())


def test_the_token_alone_goes_to_standard_output_and_opens(data_dir: Path) -> None:
    made = run("create", "phone")
    record = verify(data_dir, made.stdout.removesuffix("\n"))
    assert record is not None
    assert (record.name, record.expires_at) == ("phone", None)


def test_a_token_can_have_an_end_and_few_permissions(data_dir: Path) -> None:
    made = run("create", "guest", "--expires", "30d", "--permission", "chat")
    record = verify(data_dir, made.stdout.strip())
    assert record is not None
    assert record.permissions == ("chat",)
    assert record.expires_at is not None
    assert abs(record.expires_at - record.created_at - 30 * 86_400) <= 1


def test_a_link_holds_a_login_for_one_use(data_dir: Path) -> None:
    link = run("link", "--url", "https://box.local:8443/").stdout.strip()
    assert link.startswith("https://box.local:8443/#login=kouyu_")
    record = verify(data_dir, link.partition("#login=")[2])
    assert record is not None
    assert record.permissions == ("login",)


@pytest.mark.parametrize("expires", ["0d", "-1d", "30", "3y", "d"])
def test_a_time_that_is_none_is_refused(expires: str) -> None:
    refused = run("create", "guest", f"--expires={expires}")
    assert refused.exit_code == 2
    assert "12h or 30d" in refused.stderr


def test_a_list_shows_names_and_never_secrets() -> None:
    secret = run("create", "phone").stdout.strip()
    listed = run("list").stdout
    assert "phone" in listed
    assert secret not in listed
    assert secret.removeprefix("kouyu_")[:10] not in listed


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_revoked_token_opens_nothing(data_dir: Path, by: str) -> None:
    secret = run("create", "phone").stdout.strip()
    record = verify(data_dir, secret)
    assert record is not None
    assert run("revoke", getattr(record, by)).exit_code == 0
    assert verify(data_dir, secret) is None
    again = run("revoke", "phone")
    assert again.exit_code == 1
    assert "there is no token phone" in again.stderr


def test_a_name_is_taken_once_and_plain() -> None:
    run("create", "phone")
    assert "already a token named phone" in run("create", "phone").stderr
    assert run("create", "two words").exit_code == 2


def test_another_data_folder_has_other_tokens(tmp_path: Path) -> None:
    run("create", "phone")
    assert "There are no tokens" in run("list", "--data-dir", str(tmp_path / "other")).stdout
