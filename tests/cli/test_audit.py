import getpass
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kouyu.cli.audit import audit
from kouyu.cli.backup import backup
from kouyu.cli.token import token
from kouyu.cli.user import user
from tests.cli.test_token import data_dir

__all__ = ["data_dir"]


def run(command: object, *arguments: str) -> str:
    done = CliRunner().invoke(command, arguments)  # type: ignore[arg-type]
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_the_commands_do_is_listed(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "mia")
    secret = run(token, "create", "app", "--owner", "shop", "--conversations", "2").strip()
    run(token, "change", "app", "--conversations", "none")
    run(token, "link", "--owner", "shop")
    run(token, "revoke", "app")
    run(user, "export", "ada", str(tmp_path / "ada.zip"))
    run(user, "delete", "ada", "--yes", "--owner", "shop")
    run(backup, str(tmp_path / "saved.tar"))
    entries = [json.loads(line) for line in run(audit, "--json").splitlines()][::-1]
    assert [(each["action"], each["subject"], each["owner"]) for each in entries] == [
        ("token.created", "app", "shop"),
        ("token.changed", "app", "shop"),
        ("token.link_made", "", "shop"),
        ("token.revoked", "app", "shop"),
        ("user.exported", "ada", ""),
        ("user.deleted", "ada", "shop"),
        ("backup.made", str(tmp_path / "saved.tar"), ""),
    ]
    assert {each["actor"] for each in entries} == {"command line: mia"}
    assert "2 conversations" in entries[0]["detail"]
    assert entries[-2]["detail"] == "nothing"
    listed = run(audit, "--since", "1h")
    assert "token.created" in listed
    assert secret not in listed + str(entries)
    assert len(run(audit, "--limit", "1", "--json").splitlines()) == 1
