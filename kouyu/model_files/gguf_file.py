"""Writes a language model's GGUF file anew with tensors in other formats.

A GGUF file is a header, pairs of keys and values, a description of each tensor, and the tensors, each aligned. Nothing
in the file changes but the tensors that are converted, and the positions of those behind them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

_MAGIC: Final = b"GGUF"
_VERSION: Final = 3
_ALIGNMENT: Final = 32
"""The default, which all files converted here use."""

_SIZES: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of each value type of fixed size."""
_TEXT: Final = 8
_ARRAY: Final = 9

F32: Final = 0
Q4_1: Final = 3
Q8_0: Final = 8
Q4_K: Final = 12
IQ4_NL: Final = 20

BLOCK: Final = 32
"""Weights of a block in Q4_1, Q8_0 and IQ4_NL; eight of them are one in Q4_K."""
_BYTES: Final = {F32: 4 * BLOCK, Q4_1: 20, Q8_0: 34, Q4_K: 18, IQ4_NL: 18}
"""Bytes of so many weights, by format."""


class BadModel(ValueError):
    """The bytes are not a GGUF file of the kind that is read here."""


class Tensor(msgspec.Struct, frozen=True):
    """The description of a tensor."""

    name: str
    size: int
    """In weights."""
    row: int
    """Weights of a row: the matrix's inputs."""
    format: int
    offset: int
    """In bytes from the first tensor."""
    described_at: int
    """Position in the file of its format, which its offset follows."""

    @property
    def bytes(self) -> int:
        """Its length in the file."""
        if self.format not in _BYTES:
            raise BadModel(f"it has a tensor of format {self.format}")
        return self.size * _BYTES[self.format] // BLOCK


Convert = Callable[[Tensor, bytes], tuple[int, bytes]]
"""Returns the format and the bytes of a tensor in the new file; those it has for one that stays as it is."""


def converted(content: bytes, convert: Convert, *, file_type: int) -> bytes:
    """The file with each tensor as ``convert`` returns it. ``file_type``: llama.cpp's number for the format of most of
    them. Raises BadModel."""
    description = _Description(content)
    head = bytearray(content[: description.end])
    for at in description.file_type_at:
        struct.pack_into("<I", head, at, file_type)
    parts = list[bytes]()
    offset = 0
    for tensor, before in description.with_content():
        format, part = convert(tensor, before)
        struct.pack_into("<IQ", head, tensor.described_at, format, offset)
        parts += [part, bytes(-len(part) % _ALIGNMENT)]
        offset += len(part) + len(parts[-1])
    return b"".join((head, *parts))


def tensors(content: bytes) -> Iterator[tuple[Tensor, bytes]]:
    """The tensors of a file and their bytes. Raises BadModel."""
    return _Description(content).with_content()


class _Description:
    """The header and metadata before the tensors. Raises BadModel."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self.file_type_at: list[int] = []
        """Where the format of most tensors stands."""
        try:
            self.tensors = self._read()
        except (struct.error, UnicodeDecodeError) as error:
            raise BadModel(f"it is not a GGUF file: {error}") from error
        self.end = self._at + -self._at % _ALIGNMENT
        """Where the tensors begin."""

    def with_content(self) -> Iterator[tuple[Tensor, bytes]]:
        for tensor in self.tensors:
            begin = self.end + tensor.offset
            part = self._content[begin : begin + tensor.bytes]
            if len(part) < tensor.bytes:
                raise BadModel("it is cut off")
            yield tensor, part

    def _read(self) -> list[Tensor]:
        if self._content[: len(_MAGIC)] != _MAGIC:
            raise BadModel("it does not begin as a GGUF file")
        self._at = len(_MAGIC)
        version, tensors, pairs = self._numbers("<IQQ")
        if version != _VERSION:
            raise BadModel(f"its version is {version}")
        self.file_type_at = [at for _ in range(pairs) if (at := self._skip_pair()) is not None]
        return [self._tensor() for _ in range(tensors)]

    def _numbers(self, layout: str) -> tuple[int, ...]:
        numbers = struct.unpack_from(layout, self._content, self._at)
        self._at += struct.calcsize(layout)
        return numbers

    def _text(self) -> bytes:
        (length,) = self._numbers("<Q")
        self._at += length
        return self._content[self._at - length : self._at]

    def _skip_pair(self) -> int | None:
        """Skip a key and its value; return the value's position if the key names the format of most tensors."""
        key, (kind,) = self._text(), self._numbers("<I")
        at = self._at
        self._skip_value(kind)
        if key == b"general.alignment":
            raise BadModel("it has an alignment of its own")
        return at if key == b"general.file_type" else None

    def _skip_value(self, kind: int) -> None:
        if kind == _TEXT:
            self._text()
        elif kind == _ARRAY:
            kind, count = self._numbers("<IQ")
            for _ in range(count):
                self._skip_value(kind)
        elif kind in _SIZES:
            self._at += _SIZES[kind]
        else:
            raise BadModel(f"it has a value of kind {kind}")

    def _tensor(self) -> Tensor:
        name = self._text().decode()
        (dimensions,) = self._numbers("<I")
        extents = self._numbers(f"<{dimensions}Q")
        at = self._at
        format, offset = self._numbers("<IQ")
        return Tensor(name, math.prod(extents), extents[0] if extents else 1, format, offset, at)
