"""What the dashboard and the alert rules in deploy/ ask Prometheus."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
DASHBOARDS: Final = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
ALERTS: Final = DEPLOY / "prometheus" / "alerts.yml"

_FUNCTION_OR_KEYWORD: Final = {"sum", "max", "rate", "by", "histogram_quantile"}
_IN_STRING_OR_BRACKETS: Final = re.compile(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)')


class Query(msgspec.Struct, frozen=True):
    """A PromQL expression, and where it stands."""

    where: str
    expression: str

    @property
    def metrics(self) -> frozenset[str]:
        """The time series that it reads."""
        words = re.findall(r"[a-z_][a-z0-9_]*", _IN_STRING_OR_BRACKETS.sub(" ", self.expression))
        return frozenset(words) - _FUNCTION_OR_KEYWORD

    @property
    def labels(self) -> frozenset[str]:
        """The labels that it groups or selects by."""
        grouped = [
            name.strip() for names in re.findall(r"\bby \(([^)]*)\)", self.expression) for name in names.split(",")
        ]
        return frozenset(grouped) | frozenset(re.findall(r"([a-z_]+)(?:=|!=|=~|!~)\"", self.expression))


def dashboard_queries() -> Iterator[Query]:
    """Each query of each panel, with Grafana's variables filled in as for all servers over five minutes."""
    for file in DASHBOARDS:
        dashboard = json.loads(file.read_bytes())
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                expression = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
                yield Query(f"{file.name}: {panel['title']}", expression)


def alert_queries() -> Iterator[Query]:
    """The expression of each alert. Every one is on the line of `expr:`, or indented below it."""
    text = ALERTS.read_text(encoding="utf-8")
    for block in re.split(r"^ +- alert: ", text, flags=re.MULTILINE)[1:]:
        name = block.split("\n", 1)[0]
        found = re.search(r"^ +expr: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)", block, re.MULTILINE)
        assert found is not None, f"{name} has no expression"
        yield Query(f"{ALERTS.name}: {name}", " ".join((found[1] or found[2]).split()))
