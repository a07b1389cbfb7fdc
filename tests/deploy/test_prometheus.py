"""Prometheus itself scrapes a real server and answers every query of the dashboard and the alerts.

Needs Debian's package ``prometheus``; `make test-slow` runs it.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from kouyu.audio.wav import read_listening_audio
from tests.deploy.monitoring_files import ALERTS, DEPLOY, Query, alert_queries, dashboard_queries
from tests.end_to_end.conversing import talking
from tests.end_to_end.running_server import RunningServer, running_server
from tests.fields.spoken import silence
from tests.standins.openai_server import OpenAIStandIn

PROMETHEUS = shutil.which("prometheus")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROMETHEUS is None, reason="needs prometheus: apt install prometheus"),
]
SCRAPES = 4
"""A rate needs two; the turns are between the second and the third."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, language_model: OpenAIStandIn) -> Iterator[RunningServer]:
    config = f"""
[server]
open_metrics = true
[engines]
tts = ["hibari"]
[[bots]]
id = "scripted"
[bots.model]
base_url = "{language_model.base_url}"
model = "scripted"
"""
    with running_server(tmp_path_factory.mktemp("measured"), config=config) as started:
        yield started


@pytest.fixture
def prometheus(server: RunningServer, tmp_path: Path) -> Iterator[httpx.Client]:
    """Prometheus with the configuration of deploy/, but for the server's address and the interval."""
    shipped = (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    config = shipped.replace("kouyu:8080", server.http.removeprefix("http://")).replace("15s", "1s")
    (tmp_path / "prometheus.yml").write_text(config)
    shutil.copy(ALERTS, tmp_path)
    assert PROMETHEUS is not None
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(
        [
            PROMETHEUS,
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            "--web.listen-address=127.0.0.1:0",
        ],
        stderr=log,
    )
    try:
        with httpx.Client(base_url=address(process, tmp_path / "log"), trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.wait()
        log.close()


def address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The address on which it listens, from its log."""
    while True:
        assert process.poll() is None, log.read_text()
        for line in log.read_text().splitlines():
            if "Listening on" in line:
                return "http://" + line.split("address=")[1].split()[0]
        time.sleep(0.1)


def answered(client: httpx.Client, query: str) -> list[dict[str, Any]]:
    """The series of an answer. A query that does not parse fails."""
    response = client.get("/api/v1/query", params={"query": query})
    answer = response.json()
    assert answer["status"] == "success", answer
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def scraped(client: httpx.Client, times: int) -> None:
    """Wait until Prometheus has read the server ``times`` times."""
    query = 'sum_over_time(up{job="kouyu"}[10m])'
    while not any(float(each["value"][1]) >= times for each in answered(client, query)):
        time.sleep(0.2)


async def turns_and_an_error(server: RunningServer, question: Path) -> None:
    samples = read_listening_audio(question)
    async with talking(server) as talk:
        await talk.configure(turn_detection={"type": "server_vad"})
        await talk.ask("What is the capital of France?")
        await talk.until_silent()
        await talk.speak(np.concatenate([samples, silence(2.0)]), faster=4)
        await talk.until("conversation.chat.completed", count=2)
        await talk.client.send("chat.update", {"turn_detection": {"type": "telepathy"}})
        await talk.until("error")


def value_of(query: Query) -> str:
    """What an alert compares, without the threshold."""
    for comparison in (" > ", " == "):
        head, found, threshold = query.expression.rpartition(comparison)
        if found:
            float(threshold)
            return head
    return query.expression


def test_prometheus_answers_every_query(server: RunningServer, prometheus: httpx.Client, questions: Path) -> None:
    question = questions / "en-capital.wav"
    asyncio.run(turns_and_an_error(server, question))
    scraped(prometheus, 2)
    asyncio.run(turns_and_an_error(server, question))
    scraped(prometheus, SCRAPES)
    has = {each["metric"]["__name__"] for each in answered(prometheus, '{__name__!=""}')}
    empty = []
    for query in [*dashboard_queries(), *alert_queries()]:
        expects_data = query.metrics <= has
        if not answered(prometheus, value_of(query)) and expects_data:
            empty.append(query)
        answered(prometheus, query.expression)
    assert [query.where for query in empty] == []
    asked = {name for query in dashboard_queries() for name in query.metrics}
    assert asked - has == set()


def test_prometheus_reads_the_rules(prometheus: httpx.Client) -> None:
    rules = prometheus.get("/api/v1/rules").json()["data"]["groups"][0]["rules"]
    assert [rule["name"] for rule in rules] == [query.where.partition(": ")[2] for query in alert_queries()]


def test_each_alert_fires_on_what_it_is_for_and_not_on_a_good_server() -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None
    tested = subprocess.run(
        [promtool, "test", "rules", str(Path(__file__).parent / "alerts_test.yml")], capture_output=True, text=True
    )
    assert tested.returncode == 0, tested.stderr + tested.stdout
