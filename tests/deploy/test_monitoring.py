"""Dashboard and alerts ask for metrics and labels that the server has; a dashboard of them can be read by Grafana."""

import json
import typing
from collections.abc import Mapping
from typing import Any, Final

import pytest
from prometheus_client import CollectorRegistry

from kouyu.diagnostics.child_processes import ProcessUse
from kouyu.metrics.readings import Readings
from kouyu.metrics.server_metrics import ServerMetrics
from tests.deploy.monitoring_files import DASHBOARDS, Query, alert_queries, dashboard_queries

QUERIES: Final = [*dashboard_queries(), *alert_queries()]
OF_PROMETHEUS: Final = {"up": frozenset[str]()}
"""Series that Prometheus makes itself."""
OF_EVERY_SERIES: Final = {"job", "instance", "le"}
SUFFIXES: Final = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


def readings() -> Readings:
    """Readings with one entry in each mapping."""
    hints = typing.get_type_hints(Readings)
    values: dict[str, Any] = {
        name: {"any": 1.0} if typing.get_origin(hint) is Mapping else 1 for name, hint in hints.items()
    }
    values["child_processes"] = {"any": ProcessUse(1.0, 1)}
    return Readings(**values)


def series(registry: CollectorRegistry) -> dict[str, frozenset[str]]:
    """The names of all time series that the metrics make, with their labels."""
    found: dict[str, frozenset[str]] = {}
    for collector in registry._collector_to_names:
        for family in collector.collect():
            of_samples = {label for sample in family.samples for label in sample.labels}
            labels = frozenset(getattr(collector, "_labelnames", ())) | of_samples
            found |= {family.name + suffix: labels for suffix in SUFFIXES.get(family.type, ("",))}
    return found


@pytest.fixture(scope="module")
def known() -> dict[str, frozenset[str]]:
    metrics = ServerMetrics()
    metrics.read(readings)
    return series(metrics.registry) | OF_PROMETHEUS


def test_there_are_queries_to_look_at() -> None:
    assert len(QUERIES) > 20
    assert all(query.metrics for query in QUERIES)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_each_query_reads_series_and_labels_that_the_server_has(query: Query, known: dict[str, frozenset[str]]) -> None:
    assert query.metrics - known.keys() == set()
    labels = frozenset[str]().union(*(known[name] for name in query.metrics)) | OF_EVERY_SERIES
    assert query.labels - labels == set()


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.name)
def test_legends_name_labels_of_their_query_and_panels_do_not_overlap(file: Any) -> None:
    dashboard = json.loads(file.read_bytes())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert all(0 <= x < 24 for x, _ in cells)
    for target in (target for panel in panels for target in panel.get("targets", ())):
        legend = target["legendFormat"]
        named = legend.partition("{{")[2].partition("}}")[0]
        assert named in ("", "instance") or named in Query("", target["expr"]).labels, legend
