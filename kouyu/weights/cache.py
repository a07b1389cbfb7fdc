"""The cache of fetched weights on this machine.

A set is "there" when its folder holds a stamp, written after every file's SHA-256 was checked, that matches the
catalogue, and the files still have their sizes. So start-up does not hash hundreds of megabytes; `changed_files` does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from kouyu.weights import catalogue
from kouyu.weights.errors import MissingWeights
from kouyu.weights.weight_set import WeightSet

__all__ = ["MissingWeights", "changed_files", "folder", "is_there", "place", "remove", "root", "stamp", "usable"]

STAMP_NAME: Final = "verified.json"


class _Stamp(msgspec.Struct, frozen=True):
    """What was verified: SHA-256 by file name."""

    sha256: dict[str, str]


def root() -> Path:
    """The folder of all weights: $KOUYU_WEIGHTS, or `weights` in the user's cache folder for kouyu."""
    chosen = os.environ.get("KOUYU_WEIGHTS")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("kouyu") / "weights"


def folder(name: str) -> Path:
    """The folder of a fetched, verified weight set.

    Raises MissingWeights when it is not there, UnknownWeights when the catalogue has no such set.
    """
    weight_set = catalogue.find(name)
    if not is_there(weight_set):
        raise MissingWeights(name)
    return place(weight_set)


def place(weight_set: WeightSet) -> Path:
    """The set's folder, whether it exists or not."""
    return root() / weight_set.name


def is_there(weight_set: WeightSet) -> bool:
    """True when the set has been verified against this catalogue and its files still have their sizes."""
    try:
        found = msgspec.json.decode((place(weight_set) / STAMP_NAME).read_bytes(), type=_Stamp)
        sizes = {file.path: (place(weight_set) / file.path).stat().st_size for file in weight_set.files}
    except (OSError, msgspec.DecodeError):
        return False
    return found == _stamp_of(weight_set) and sizes == {file.path: file.size for file in weight_set.files}


def usable(weight_set: WeightSet) -> WeightSet:
    """The set, or its substitute where only that is on this machine."""
    if not weight_set.substitute or is_there(weight_set):
        return weight_set
    substitute = catalogue.find(weight_set.substitute)
    return substitute if is_there(substitute) else weight_set


def stamp(weight_set: WeightSet, where: Path) -> None:
    """Mark the files in the folder `where` as verified. The caller has just checked each one's SHA-256."""
    (where / STAMP_NAME).write_bytes(msgspec.json.encode(_stamp_of(weight_set)))


def changed_files(weight_set: WeightSet) -> tuple[str, ...]:
    """Names of the set's files that are missing or no longer have their SHA-256. Reads every byte."""
    return tuple(file.path for file in weight_set.files if _sha256(place(weight_set) / file.path) != file.sha256)


def remove(weight_set: WeightSet) -> bool:
    """Delete the set from this machine; return whether there was anything to delete."""
    try:
        shutil.rmtree(place(weight_set))
    except FileNotFoundError:
        return False
    return True


def _stamp_of(weight_set: WeightSet) -> _Stamp:
    return _Stamp({file.path: file.sha256 for file in weight_set.files})


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError:
        return None
