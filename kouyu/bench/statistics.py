"""Summary statistics of a measure over many turns."""

from collections.abc import Sequence

import msgspec
import numpy as np


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of one measure, in its own unit."""

    count: int
    median: float
    p90: float
    p99: float
    worst: float


def summarise(values: Sequence[float]) -> Summary | None:
    """The summary of ``values``; None if there are none. Percentiles are interpolated."""
    if not values:
        return None
    median, p90, p99 = np.percentile(np.asarray(values, np.float64), (50, 90, 99)).tolist()
    return Summary(count=len(values), median=median, p90=p90, p99=p99, worst=max(values))
