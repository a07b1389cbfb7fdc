"""Writes a bundle: a tar archive of wheels, weights, the script that installs them, and the hash of each file."""

import hashlib
import tarfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from kouyu.bundle.wheels import Target
from kouyu.weights import cache
from kouyu.weights.weight_set import WeightSet

MANIFEST: Final = "bundle.json"
INSTALLER: Final = "install.py"

Advance = Callable[[int, int], None]
"""Called with the number of bytes that are written, and that of the whole archive."""


class Bundled(msgspec.Struct, frozen=True):
    """A file of the bundle: its path there, with ``/``, its size in bytes, and its SHA-256."""

    path: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle holds; ``install.py`` reads it."""

    kouyu: str
    python: str
    platform: str
    extras: tuple[str, ...]
    weights: tuple[str, ...]
    """The names of the weight sets."""
    files: tuple[Bundled, ...]


def write_bundle(
    file: Path, target: Target, extras: Sequence[str], wheels: Path, sets: Sequence[WeightSet], advance: Advance
) -> Manifest:
    """Write the bundle to ``file``: ``wheels`` is a folder, the ``sets`` are in the cache. Raises OSError."""
    sources = dict(_sources(wheels, sets))
    whole = sum(source.stat().st_size for source in sources.values())
    top = f"kouyu-{version('kouyu')}"
    partial = file.with_name(f".{file.name}.part")
    written: list[Bundled] = []
    try:
        with tarfile.open(partial, "w") as archive:
            for path, source in sources.items():
                with source.open("rb") as content:
                    digest = hashlib.file_digest(content, "sha256").hexdigest()
                archive.add(source, f"{top}/{path}", recursive=False, filter=_of_nobody)
                written.append(Bundled(path, source.stat().st_size, digest))
                advance(sum(each.size for each in written), whole)
            manifest = Manifest(
                kouyu=version("kouyu"),
                python=target.python,
                platform=target.platform,
                extras=tuple(extras),
                weights=tuple(each.name for each in sets),
                files=tuple(written),
            )
            description = wheels / MANIFEST
            description.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
            archive.add(description, f"{top}/{MANIFEST}", filter=_of_nobody)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def _sources(wheels: Path, sets: Sequence[WeightSet]) -> Iterator[tuple[str, Path]]:
    """Path in the bundle and place of every file but the manifest."""
    yield INSTALLER, Path(str(files("kouyu.bundle") / INSTALLER))
    yield from ((f"wheels/{wheel.name}", wheel) for wheel in sorted(wheels.glob("*.whl")))
    for weight_set in sets:
        place = cache.place(weight_set)
        names = (*(file.path for file in weight_set.files), cache.STAMP_NAME)
        yield from ((f"weights/{weight_set.name}/{name}", place / name) for name in names)


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member
