import gc
import sys

import numpy as np
import pytest

from kouyu.bench.heap import heap


def test_containers_are_counted() -> None:
    gc.collect()  # or garbage of other tests would be counted before and be gone after
    before = heap().objects
    kept = [[number] for number in range(10_000)]
    assert heap().objects - before > 0.9 * len(kept)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc")
def test_large_and_small_pieces_are_counted() -> None:
    before = heap().used_mib
    large = np.ones(64 * 1024 * 1024, np.uint8)
    small = [bytes(1024) for _ in range(16 * 1024)]
    assert heap().used_mib - before >= 75
    del large, small
    assert heap().used_mib - before < 60
