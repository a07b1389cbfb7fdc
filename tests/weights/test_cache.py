from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kouyu.weights import MissingWeights, UnknownWeights, cache, catalogue
from kouyu.weights.weight_set import WeightSet
from tests.weights.package_index import weight_set

CONTENT = b"weights" * 1000


@pytest.fixture
def fetched(cache_root: Path, monkeypatch: pytest.MonkeyPatch) -> WeightSet:
    """A weight set that is in the cache; the catalogue knows only it."""
    fetched = weight_set("small", CONTENT)
    monkeypatch.setattr(catalogue, "CATALOGUE", (fetched,))
    where = cache.place(fetched)
    where.mkdir(parents=True)
    (where / "model.bin").write_bytes(CONTENT)
    cache.stamp(fetched, where)
    return fetched


def test_missing_weights_say_how_to_get_them(cache_root: Path) -> None:
    with pytest.raises(MissingWeights, match="kouyu models fetch whisper-base"):
        cache.folder("whisper-base")


def test_a_name_that_is_not_in_the_catalogue_is_answered_with_those_that_are(cache_root: Path) -> None:
    with pytest.raises(UnknownWeights, match="whisper-base"):
        cache.folder("whisper-bass")


def test_the_folder_of_a_fetched_set_is_below_the_chosen_root(fetched: WeightSet, cache_root: Path) -> None:
    assert cache.folder("small") == cache_root / "small"


def test_without_a_choice_the_root_is_in_the_cache_folder_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KOUYU_WEIGHTS", raising=False)
    assert cache.root().parts[-2:] == ("kouyu", "weights")


def test_a_set_without_a_stamp_is_missing(fetched: WeightSet) -> None:
    (cache.place(fetched) / cache.STAMP_NAME).unlink()
    with pytest.raises(MissingWeights):
        cache.folder("small")


def test_a_file_cut_short_makes_the_set_missing(fetched: WeightSet) -> None:
    (cache.place(fetched) / "model.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(MissingWeights):
        cache.folder("small")


def test_another_file_in_the_catalogue_makes_the_set_missing(fetched: WeightSet) -> None:
    (file,) = fetched.files
    renewed = msgspec.structs.replace(fetched, files=(msgspec.structs.replace(file, sha256="0" * 64),))
    assert cache.is_there(fetched)
    assert not cache.is_there(renewed)


def test_verifying_finds_one_changed_byte(fetched: WeightSet) -> None:
    assert cache.changed_files(fetched) == ()
    (cache.place(fetched) / "model.bin").write_bytes(CONTENT[:-1] + b"S")
    assert cache.is_there(fetched)
    assert cache.changed_files(fetched) == ("model.bin",)


def test_a_removed_set_is_gone(fetched: WeightSet) -> None:
    assert cache.remove(fetched)
    assert not cache.place(fetched).exists()
    assert not cache.remove(fetched)


@pytest.mark.models
def test_the_weights_of_a_default_server_are_here_and_whole() -> None:
    assert {each.name: cache.changed_files(each) for each in catalogue.default_sets()} == {
        each.name: () for each in catalogue.default_sets()
    }
