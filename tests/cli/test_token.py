import asyncio
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kouyu.cli.local_server import chosen_folder
from kouyu.cli.token import token
from kouyu.server.process.address_file import Address, write_address
from kouyu.server.process.data_folder import DataFolder
from kouyu.store.store import Store
from kouyu.store.token_records import TokenLimits, TokenRecord


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KOUYU_DATABASE", raising=False)
    monkeypatch.setenv("KOUYU_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(token, arguments)


def verify(data_dir: Path, secret: str) -> TokenRecord | None:
    async def verify() -> TokenRecord | None:
        async with await Store.open(data_dir / "kouyu.db") as store:
            return await store.tokens.verify(secret)

    return asyncio.run(verify())


def test_only_the_token_goes_to_standard_output_and_it_is_valid(data_dir: Path) -> None:
    made = run("create", "phone")
    record = verify(data_dir, made.stdout.removesuffix("\n"))
    assert record is not None
    assert (record.name, record.expires_at) == ("phone", None)


def test_a_token_can_have_an_end_and_few_permissions(data_dir: Path) -> None:
    made = run("create", "guest", "--expires", "30d", "--permission", "voice")
    record = verify(data_dir, made.stdout.strip())
    assert record is not None
    assert record.permissions == ("voice",)
    assert record.expires_at is not None
    assert abs(record.expires_at - record.created_at - 30 * 86_400) <= 1


def test_a_link_holds_a_login_for_one_use(data_dir: Path) -> None:
    run("create", "phone")
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
def test_a_revoked_token_is_refused(data_dir: Path, by: str) -> None:
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
    other = ("--data-dir", str(tmp_path / "other"))
    run("create", "tablet", *other)
    listed = run("list", *other).stdout
    assert "tablet" in listed
    assert "phone" not in listed


@pytest.mark.parametrize("command", [("list",), ("link",), ("revoke", "phone")], ids=lambda command: command[0])
def test_a_data_folder_that_no_server_has_used_is_refused_and_not_made(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    refused = run(*command, "--data-dir", str(tmp_path / "mistyped"))
    assert refused.exit_code == 1
    assert f"no server has saved data in {tmp_path}/mistyped" in refused.stderr
    assert not (tmp_path / "mistyped").exists()


def test_no_second_database_is_made_beside_that_of_the_server(data_dir: Path) -> None:
    DataFolder(data_dir).note_database("postgresql://h/d")  # by a server with KOUYU_DATABASE, which is not set here
    for command in (("create", "phone"), ("list",)):
        assert "set KOUYU_DATABASE to its URL" in run(*command).stderr
    assert not (data_dir / "kouyu.db").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user, as runuser does")
def test_a_current_folder_that_may_not_be_read_has_no_settings(data_dir: Path) -> None:
    hidden = data_dir / "hidden"
    hidden.mkdir(mode=0o700)
    (hidden / "kouyu.toml").write_text('[data]\ndir = "elsewhere"\n')
    os.chdir(hidden)  # back in the end: by the fixture
    os.seteuid(65534)
    try:
        assert chosen_folder(None) is None
    finally:
        os.seteuid(0)


def test_the_data_folder_of_the_settings_here_is_used(tmp_path: Path) -> None:
    (tmp_path / "kouyu.toml").write_text('[data]\ndir = "mine"\n')
    secret = run("create", "phone").stdout.strip()
    assert verify(tmp_path / "mine", secret) is not None


def test_a_link_leads_to_where_the_server_was_started_last(data_dir: Path) -> None:
    run("create", "phone")
    assert run("link").stdout.startswith("http://127.0.0.1:8080/#login=")
    write_address(data_dir, Address("http://127.0.0.1:9000", ("https://192.168.1.7:9443",)))
    here, phone = run("link").stdout.splitlines()
    assert here.startswith("http://127.0.0.1:9000/#login=kouyu_")
    assert phone == here.replace("http://127.0.0.1:9000", "https://192.168.1.7:9443")


def test_a_link_is_one_that_a_browser_can_open() -> None:
    refused = run("link", "--url", "talk.example.org")
    assert refused.exit_code == 2
    assert "https://talk.example.org" in refused.stderr


def test_a_narrow_terminal_still_shows_whole_names_and_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run("create", "the-phone-in-the-kitchen", "--expires", "1d")
    listed = run("list").stdout
    assert "the-phone-in-the-kitchen" in listed
    assert len(re.findall(r"\d{4}-\d\d-\d\d", listed)) == 2


def test_limits_are_given_changed_and_taken_away(data_dir: Path) -> None:
    secret = run(
        "create", "guest", "--owner", "acme", "--conversations", "2", "--requests-a-minute", "60"
    ).stdout.strip()
    record = verify(data_dir, secret)
    assert record is not None
    assert (record.owner, record.limits) == ("acme", TokenLimits(conversations=2, requests_a_minute=60))
    changed = run("change", "guest", "--conversations", "none", "--audio-minutes-a-day", "30", "--permission", "text")
    assert changed.stdout == "guest opens text; limits: 30 audio min/day, 60 requests/min.\n"
    record = verify(data_dir, secret)
    assert record is not None
    assert (record.permissions, record.limits) == (
        ("text",),
        TokenLimits(audio_minutes_a_day=30, requests_a_minute=60),
    )
    assert "acme" in run("list").stdout


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many"])
def test_a_limit_that_is_none_is_refused(value: str) -> None:
    refused = run("create", "guest", f"--conversations={value}")
    assert refused.exit_code == 2
    assert "whole number above 0" in refused.stderr


def test_nothing_to_change_and_nobody_to_change_are_errors() -> None:
    run("create", "phone")
    assert "give a permission or a limit" in run("change", "phone").stderr
    assert "there is no token tablet" in run("change", "tablet", "--conversations", "1").stderr


def test_the_permissions_of_0_1_0_are_still_understood(data_dir: Path) -> None:
    made = run("create", "guest", "--permission", "chat", "--permission", "rest")
    record = verify(data_dir, made.stdout.strip())
    assert record is not None
    assert record.permissions == ("voice", "text", "bots", "voiceprints")
