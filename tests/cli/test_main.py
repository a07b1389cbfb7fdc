from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from click.testing import CliRunner

from kouyu.cli.main import COMMANDS, main

HEAVY = {"numpy", "onnxruntime", "ctranslate2", "litestar", "sqlalchemy", "httpx", "rich"}


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = "import sys, kouyu.cli.main as m; m.main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    shown, loaded = done.stdout.rsplit("\n", 2)[:2]
    assert all(f"  {name} " in shown for name in COMMANDS)
    assert HEAVY.isdisjoint(loaded.split())


def test_the_version_is_the_installed_one() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"kouyu {version('kouyu')}\n"


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(main, ["sreve"]).exit_code == 2


def test_onnxruntime_keeps_no_device_id_and_no_telemetry(tmp_path: Path) -> None:
    """It would write both below the cache folder when it is loaded."""
    environment = {"HOME": str(tmp_path), "PATH": ""}
    subprocess.run([sys.executable, "-c", "import kouyu, onnxruntime"], env=environment, check=True)
    assert list(tmp_path.rglob("*")) == []
