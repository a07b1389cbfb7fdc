"""``kouyu app``."""

import asyncio
import os
import re
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from kouyu.cli.app import app
from kouyu.cli.app_keys import new_key_pair
from kouyu.store.apps import AppRecord
from kouyu.store.store import Store

T = TypeVar("T")


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KOUYU_DATABASE", raising=False)
    monkeypatch.setenv("KOUYU_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def on_store(folder: Path, work: Callable[[Store], Awaitable[T]]) -> T:
    async def run() -> T:
        async with await Store.open(folder / "kouyu.db") as store:
            return await work(store)

    return asyncio.run(run())


def registered(folder: Path, name: str) -> AppRecord:
    (found,) = [each for each in on_store(folder, lambda store: store.apps.list()) if each.name == name]
    return found


def test_a_service_app_gets_a_private_key_that_the_server_does_not_have(data_dir: Path) -> None:
    shown = run("create", "robot", "--kind", "service", "--owner", "shop", "--permission", "voice").output
    private = data_dir / "robot.private.pem"
    assert stat.S_IMODE(os.stat(private).st_mode) == 0o600
    record = registered(data_dir, "robot")
    ((key_id, public),) = record.public_keys.items()
    key = load_pem_private_key(private.read_bytes(), None).public_key()
    assert public == key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert (record.owner, record.permissions) == ("shop", ("voice",))
    assert record.id in shown
    assert key_id in shown
    assert b"PRIVATE" not in (data_dir / "kouyu.db").read_bytes()
    (entry,) = on_store(data_dir, lambda store: store.audit.list())
    assert (entry.action, entry.subject, entry.owner) == ("app.created", "robot", "shop")


def test_an_app_that_exists_on_another_server_keeps_its_ids_and_keys(data_dir: Path) -> None:
    (data_dir / "key.pem").write_text(*new_key_pair()[1].values())
    made = run(
        *("create", "lamp", "--kind", "service", "--public-key", "key.pem", "--key-id", "k-1"),
        *("--client-id", "1234567", "--audience", "API.coze.cn"),
    )
    assert made.exit_code == 0
    record = registered(data_dir, "lamp")
    assert (record.id, list(record.public_keys), record.audiences) == ("1234567", ["k-1"], ("api.coze.cn",))
    assert not list(data_dir.glob("*.private.pem"))


def test_a_web_apps_secret_is_shown_once_and_saved_as_a_digest(data_dir: Path) -> None:
    shown = run("create", "site", "--kind", "web", "--redirect-uri", "https://site.example.org/cb").output
    found = re.search(r"kouyu_app_[\w-]{43}", shown)
    assert found is not None
    record = registered(data_dir, "site")
    assert record.has_secret(found[0])
    assert not record.has_secret(found[0][:-1])
    assert found[0] not in run("list").output
    assert found[0].encode() not in (data_dir / "kouyu.db").read_bytes()


WRONG = {
    "a web app without a place to go": (("--kind", "web"), "--redirect-uri"),
    "a redirect URI that runs a script": (("--kind", "pkce", "--redirect-uri", "javascript:alert(1)"), "redirect URI"),
    "one with a fragment": (("--kind", "pkce", "--redirect-uri", "https://a.example/#x"), "fragment"),
    "one without a host": (("--kind", "pkce", "--redirect-uri", "https:///x"), "redirect URI"),
    "one for a device": (("--kind", "device", "--redirect-uri", "https://a.example/"), "--redirect-uri"),
    "a key for a device": (("--kind", "device", "--public-key", "short.pem"), "--public-key"),
    "a file that is no key": (("--kind", "service", "--public-key", "kouyu.toml"), "no public key"),
    "a private key": (("--kind", "service", "--public-key", "private.pem"), "its public key"),
    "two ids for one key": (("--kind", "service", "--key-id", "a", "--key-id", "b"), "--key-id"),
    "an owner with a blank": (("--kind", "device", "--owner", "a b"), "owner"),
    "a client id with a slash": (("--kind", "device", "--client-id", "a/b"), "client id"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_options_are_refused_by_name_and_leave_nothing(data_dir: Path, name: str) -> None:
    (data_dir / "kouyu.toml").write_text("")
    (data_dir / "short.pem").write_text("x")
    (data_dir / "private.pem").write_bytes(new_key_pair()[0])
    options, words = WRONG[name]
    refused = run("create", "app", *options)
    assert refused.exit_code != 0
    assert words in refused.output
    assert "Traceback" not in refused.output
    assert not list(data_dir.glob("*.private.pem"))


def test_a_name_is_taken_once_and_the_private_key_of_the_first_app_stays(data_dir: Path) -> None:
    assert run("create", "robot", "--kind", "service").exit_code == 0
    before = (data_dir / "robot.private.pem").read_bytes()
    assert "exists already" in run("create", "robot", "--kind", "service").output
    taken = run("create", "robot", "--kind", "service", "--private-key", "other.pem")
    assert "already an app" in taken.output
    assert not (data_dir / "other.pem").exists()
    assert (data_dir / "robot.private.pem").read_bytes() == before


def test_list_and_delete(data_dir: Path) -> None:
    run("create", "tv", "--kind", "device")
    assert registered(data_dir, "tv").id in run("list").output
    assert "revoked its tokens" in run("delete", "tv").output
    assert "no app tv" in run("delete", "tv").output
    assert "no apps" in run("list").output
