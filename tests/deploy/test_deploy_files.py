"""What the files in deploy/ say of the server is true of it."""

import re
from typing import Final

import msgspec
import pytest

from kouyu.settings import load
from kouyu.settings.all_settings import ServerSettings
from tests.deploy.monitoring_files import DEPLOY

LOCKS: Final = DEPLOY.parent / "locks"
COMPOSE: Final = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
UNIT: Final = (DEPLOY / "kouyu.service").read_text(encoding="utf-8")
DOCKERFILE: Final = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def locked(name: str) -> dict[str, str]:
    """The versions of a lock file by package."""
    text = (LOCKS / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.MULTILINE))


def test_the_image_has_what_a_server_in_a_checkout_has_and_the_driver_of_postgresql() -> None:
    run, container = locked("run.txt"), locked("container.txt")
    assert run
    assert {name: container.get(name) for name in run} == run
    assert "asyncpg" in container


def test_settings_in_the_files_are_settings_of_the_server() -> None:
    pairs = re.findall(r"^ +(KOUYU_[A-Z]+__\w+): (['\"]?)(.*?)\2(?: #.*)?$", COMPOSE, re.MULTILINE)
    in_compose = {name: value for name, _, value in pairs}
    in_dockerfile = dict(re.findall(r"(KOUYU_[A-Z]+__\w+)=(\S+)", DOCKERFILE))
    assert len(in_compose) == COMPOSE.count("KOUYU_SERVER__")
    server = load(environment={**in_dockerfile, **in_compose}).server
    assert (server.host, server.proxies, server.open_metrics) == ("0.0.0.0", ("172.30.77.2",), True)
    assert f"ipv4_address: {server.proxies[0]}" in COMPOSE


@pytest.mark.parametrize(
    ("text", "pattern"), [(UNIT, r"^TimeoutStopSec=(\d+)$"), (COMPOSE, r"stop_grace_period: (\d+)s # above drain_s")]
)
def test_a_stop_may_take_longer_than_draining(text: str, pattern: str) -> None:
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None
    assert float(found[1]) >= msgspec.convert({}, ServerSettings).drain_s + 5


def test_the_health_check_asks_the_port_that_the_server_has() -> None:
    port = msgspec.convert({}, ServerSettings).port
    assert f"http://127.0.0.1:{port}/health/live" in DOCKERFILE
    assert f'targets: ["kouyu:{port}"]' in (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    assert f"kouyu:{port}" in (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
