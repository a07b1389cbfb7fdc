"""Quantiles of a histogram's buckets."""

import math
from typing import TypeAlias

Buckets: TypeAlias = tuple[tuple[float, int], ...]
"""Upper bounds, rising, the last infinite; and how many values are at most that large."""


def quantile(share: float, now: Buckets, before: Buckets) -> float | None:
    """Estimate the quantile of the values added between two states of a histogram; None if there are none.

    As Prometheus's ``histogram_quantile``: values are taken as evenly spread within their bucket, the first of which
    begins at 0. A quantile beyond the last finite bound is that bound. Raises ValueError for different bounds.
    """
    added = [(bound, count - earlier) for (bound, count), (_, earlier) in zip(now, before, strict=True)]
    if not added or added[-1][1] <= 0:
        return None
    rank = share * added[-1][1]
    low, below = 0.0, 0
    for bound, count in added:
        if count >= rank and count > below:
            if math.isinf(bound):
                return low
            return low + (bound - low) * (rank - below) / (count - below)
        low, below = bound, count
    return low
