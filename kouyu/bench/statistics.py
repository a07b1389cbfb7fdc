"""A measure over many turns, in the few numbers that are reported."""

from collections.abc import Sequence

import msgspec
import numpy as np


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How one measure was spread, in its own unit."""

    count: int
    median: float
    p90: float
    p99: float
    worst: float


def summarise(values: Sequence[float]) -> Summary | None:
    """The summary of ``values``; None where there are none. Between two values percentiles are interpolated."""
    if not values:
        return None
    median, p90, p99 = np.percentile(np.asarray(values, np.float64), (50, 90, 99)).tolist()
    return Summary(count=len(values), median=median, p90=p90, p99=p99, worst=max(values))
