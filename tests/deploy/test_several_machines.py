"""What haproxy.cfg and the manifests of Kubernetes say of the server is true of it."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from deploy.cluster.cluster import SERVER_NAMES, haproxy
from kouyu.settings import load
from kouyu.settings.all_settings import ServerSettings
from tests.deploy.monitoring_files import DEPLOY

HAPROXY_CFG: Final = DEPLOY / "cluster" / "haproxy.cfg"
KUBERNETES: Final = DEPLOY / "kubernetes"


def settings_of(name: str) -> str:
    """The TOML of a key of the ConfigMap."""
    text = (KUBERNETES / "settings.yaml").read_text(encoding="utf-8")
    found = re.search(rf"^  {re.escape(name)}: \|\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    assert found is not None
    return re.sub(r"^    ", "", found[1], flags=re.MULTILINE)


@pytest.mark.parametrize(("file", "settings"), [("servers.yaml", "server.toml"), ("engines.yaml", "engines.toml")])
def test_a_pod_is_killed_only_after_it_has_drained(file: str, settings: str) -> None:
    text = (KUBERNETES / file).read_text(encoding="utf-8")
    toml: dict[str, Any] = tomllib.loads(settings_of(settings))
    drain_s = toml.get("server", toml.get("engine_server", {}))["drain_s"]
    grace = re.search(r"terminationGracePeriodSeconds: (\d+)", text)
    pre_stop = re.search(r'command: \[sleep, "(\d+)"\]', text)
    assert grace is not None
    assert pre_stop is not None
    assert int(grace[1]) >= int(pre_stop[1]) + drain_s + 5


def test_the_settings_in_the_manifests_are_settings_of_kouyu(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(settings_of("server.toml"))
    (tmp_path / "engines.toml").write_text(settings_of("engines.toml"))
    server = load(tmp_path / "server.toml", environment={"KOUYU_SERVER__PEER_URL": "http://10.1.2.3:8080"})
    engines = load(tmp_path / "engines.toml", environment={})
    assert (server.engines.asr, server.server.host) == ("remote", "0.0.0.0")
    assert f"http://kouyu-engines:{engines.engine_server.port}" in settings_of("server.toml")
    assert server.server.port == msgspec.convert({}, ServerSettings).port


def test_haproxy_leaves_room_for_rest_beside_the_sessions_of_a_server() -> None:
    text = HAPROXY_CFG.read_text(encoding="utf-8")
    found = re.search(r"default-server .*maxconn (\d+)", text)
    assert found is not None
    assert int(found[1]) > msgspec.convert({}, ServerSettings).max_sessions
    assert tuple(re.findall(r"^    server (\w+) ", text, re.MULTILINE)) == SERVER_NAMES


@pytest.mark.skipif(haproxy() is None, reason="HAProxy is not installed")
def test_haproxy_accepts_its_configuration(tmp_path: Path) -> None:
    program = haproxy()
    assert program is not None
    environment = {"KOUYU_ADMIN_SOCKET": str(tmp_path / "admin.sock")}
    done = subprocess.run(
        [program, "-c", "-f", str(HAPROXY_CFG)], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
