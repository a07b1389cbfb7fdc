"""The metrics of the parent process, and of those of the engines and the language model, which it has started."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from kouyu.diagnostics.child_processes import ProcessUse
from kouyu.metrics.server_metrics import child_metrics
from kouyu.metrics.snapshot import Snapshot, taken


class ParentMetrics:
    """Reads them. ``uses`` returns what the processes that it has started use, workers left out."""

    def __init__(self, uses: Callable[[], Mapping[str, ProcessUse]]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_Children(uses))

    def read(self) -> Snapshot:
        """The present values."""
        return taken(self._registry)


class _Children(Collector):
    def __init__(self, uses: Callable[[], Mapping[str, ProcessUse]]) -> None:
        self._uses = uses

    def collect(self) -> list[Metric]:
        return list(child_metrics(self._uses()))
