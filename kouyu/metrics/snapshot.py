"""The metrics of one process as values that another process can read, and the sum of those of several."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

Joined = Literal["sum", "max", "min"]

_GAUGES: Final[Mapping[str, Joined]] = {
    "kouyu_sessions_limit": "max",
    "kouyu_load_ratio": "max",
    "kouyu_busy_ratio": "max",
    "kouyu_overloaded": "max",
    "kouyu_engine_oldest_wait_seconds": "max",
    "kouyu_event_loop_lag_seconds": "max",
    "kouyu_event_loop_blocked_longest_seconds": "max",
    "process_start_time_seconds": "min",
    "process_max_fds": "min",
    "python_info": "max",
}
"""How gauges are joined that are not summed."""

_encoder = msgspec.msgpack.Encoder()


class Series(msgspec.Struct, frozen=True, array_like=True):
    """One value: the name with its suffix, the labels sorted by name."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


class Family(msgspec.Struct, frozen=True, array_like=True):
    """A metric with all of its values."""

    name: str
    help: str
    kind: str
    series: tuple[Series, ...]


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """The metrics of one process at one time, or the joined ones of several."""

    families: tuple[Family, ...] = ()

    def encode(self) -> bytes:
        """As bytes, for ``decoded``."""
        return _encoder.encode(self)

    def value(self, name: str) -> float:
        """The value of a metric without labels; 0 if there is none."""
        found = (each.value for family in self.families for each in family.series if each.name == name)
        return next(found, 0.0)

    def registry(self) -> CollectorRegistry:
        """As a registry, which can be written in the formats that Prometheus reads."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(self))
        return registry


def decoded(encoded: bytes) -> Snapshot:
    """What ``Snapshot.encode`` made."""
    return msgspec.msgpack.decode(encoded, type=Snapshot)


def taken(registry: CollectorRegistry) -> Snapshot:
    """The present values of a registry."""
    return _snapshot(registry.collect())


def parsed(text: str, prefix: str) -> Snapshot:
    """The metrics of another process, from the text that Prometheus reads: those whose names begin with ``prefix``."""
    families = text_string_to_metric_families(text)
    return _snapshot(
        family for family in families if family.name.startswith(prefix) and not family.name.endswith("_created")
    )


def _snapshot(metrics: Iterable[Metric]) -> Snapshot:
    return Snapshot(
        tuple(
            Family(
                metric.name,
                metric.documentation,
                metric.type,
                tuple(
                    Series(sample.name, tuple(sorted(sample.labels.items())), sample.value)
                    for sample in metric.samples
                    if not sample.name.endswith("_created")
                ),
            )
            for metric in metrics
        )
    )


def joined(snapshots: Iterable[Snapshot], ended: Sequence[Snapshot] = ()) -> Snapshot:
    """The metrics of a server that runs in these processes: counters and histograms are summed, with those of processes
    that have ``ended``, so that they never fall; of most gauges the sum, of some the largest or smallest."""
    families: dict[str, Family] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}

    def add(family: Family) -> None:
        families.setdefault(family.name, family)
        of_family = values.setdefault(family.name, {})
        how = _GAUGES.get(family.name, "sum")
        for each in family.series:
            key = (each.name, each.labels)
            of_family[key] = _join(how, of_family[key], each.value) if key in of_family else each.value

    for snapshot in snapshots:
        for family in snapshot.families:
            add(family)
    for snapshot in ended:
        for family in snapshot.families:
            if family.kind in ("counter", "histogram"):
                add(family)
    return Snapshot(
        tuple(
            Family(name, family.help, family.kind, tuple(Series(*key, value) for key, value in values[name].items()))
            for name, family in families.items()
        )
    )


def _join(how: Joined, one: float, other: float) -> float:
    match how:
        case "sum":
            return one + other
        case "max":
            return max(one, other)
        case "min":
            return min(one, other)


class _Collector(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        for family in self._snapshot.families:
            metric = Metric(family.name, family.help, family.kind)
            for each in family.series:
                metric.add_sample(each.name, dict(each.labels), each.value)
            yield metric
