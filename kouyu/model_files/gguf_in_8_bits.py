"""Converts a language model's GGUF file from 4 or 5 bits a weight (Q4_1, Q5_0) to 8 (Q8_0), which llama.cpp multiplies
faster.

The weights hardly change: a block of 32 has 16 levels in Q4_1, which Q8_0 represents to within half a percent of the
largest; the 32 levels of Q5_0 are among those of Q8_0, so that the weights stay exactly the same. Tensors in other
formats stay as they are, and so does an embedding of which rows are looked up and none multiplied. Nothing else in the
file changes except the positions of its tensors.

A GGUF file is a header, pairs of keys and values, a description of each tensor, and the tensors, each aligned.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = b"GGUF"
_VERSION: Final = 3
_ALIGNMENT: Final = 32
"""The default, which all files converted here use."""

_SIZES: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of each value type of fixed size."""
_TEXT: Final = 8
_ARRAY: Final = 9

_Q4_1: Final = 3
_Q5_0: Final = 6
_Q8_0: Final = 8
_MOSTLY_Q8_0: Final = 7

_BLOCK: Final = 32
"""Weights of a block, in all formats that are converted or result."""
_FOUR_BITS: Final = np.dtype([("step", "<f2"), ("least", "<f2"), ("levels", "u1", _BLOCK // 2)])
_FIVE_BITS: Final = np.dtype([("step", "<f2"), ("fifth_bits", "<u4"), ("levels", "u1", _BLOCK // 2)])
_EIGHT_BITS: Final = np.dtype([("step", "<f2"), ("levels", "i1", _BLOCK)])
_LARGEST: Final = 127

_BLOCKS: Final = {
    0: (1, 4),
    _Q4_1: (_BLOCK, _FOUR_BITS.itemsize),
    _Q5_0: (_BLOCK, _FIVE_BITS.itemsize),
    _Q8_0: (_BLOCK, _EIGHT_BITS.itemsize),
    12: (256, 144),
    14: (256, 210),
}
"""Weights and bytes of a block of each format: F32, Q4_1, Q5_0, Q8_0, Q4_K, Q6_K."""
_CONVERTED: Final = (_Q4_1, _Q5_0)

_EMBEDDING: Final = b"token_embd.weight"
_OUTPUT: Final = b"output.weight"


class BadModel(ValueError):
    """The bytes are not a GGUF file of the kind that is converted."""


class _Tensor(msgspec.Struct, frozen=True):
    name: bytes
    described_at: int
    """Position in the file of its format, which its offset follows."""
    size: int
    """In weights."""
    format: int
    offset: int
    """In bytes from the first tensor."""

    def bytes_in(self, format: int) -> int:
        """Its bytes in a format. Raises BadModel for one that is not read here."""
        if format not in _BLOCKS:
            raise BadModel(f"it has a tensor of format {format}")
        weights, size = _BLOCKS[format]
        return self.size // weights * size


def gguf_in_8_bits(content: bytes | bytearray) -> Iterator[bytes | memoryview]:
    """The same model with every tensor of fewer bits in Q8_0, piece by piece, a tensor at a time; the same bytes on
    every machine. Raises BadModel, before the first piece."""
    try:
        head, tensors = _Description(content).read()
        formats = _formats_in_8_bits(tensors)
        begin, offset = len(head), 0
        for tensor, format in zip(tensors, formats, strict=True):
            if begin + tensor.offset + tensor.bytes_in(tensor.format) > len(content):
                raise BadModel("it is cut off")
            struct.pack_into("<IQ", head, tensor.described_at, format, offset)
            offset += _aligned(tensor.bytes_in(format))
    except (struct.error, ValueError) as error:
        raise BadModel(f"it is not a GGUF file that can be converted: {error}") from error
    yield bytes(head)
    with memoryview(content) as whole:
        for tensor, format in zip(tensors, formats, strict=True):
            part = whole[begin + tensor.offset :][: tensor.bytes_in(tensor.format)]
            converted = part if format == tensor.format else _in_8_bits(part, tensor.format)
            yield converted
            yield bytes(_aligned(len(converted)) - len(converted))


def _formats_in_8_bits(tensors: Sequence[_Tensor]) -> list[int]:
    """The format that each tensor gets."""
    # Where the output has weights of its own, rows of the embedding are looked up, and none is multiplied.
    looked_up = _EMBEDDING if any(tensor.name == _OUTPUT for tensor in tensors) else None
    return [_Q8_0 if tensor.format in _CONVERTED and tensor.name != looked_up else tensor.format for tensor in tensors]


def _aligned(size: int) -> int:
    return size + -size % _ALIGNMENT


def _in_8_bits(part: memoryview, format: int) -> bytes:
    if format == _Q4_1:
        return _from_4_bits(np.frombuffer(part, _FOUR_BITS)).tobytes()
    return _from_5_bits(np.frombuffer(part, _FIVE_BITS)).tobytes()


def _from_4_bits(blocks: NDArray[np.void]) -> NDArray[np.void]:
    levels = _four_bits(blocks)
    weights = levels * blocks["step"].astype(np.float32)[:, None] + blocks["least"].astype(np.float32)[:, None]
    converted = np.zeros(len(blocks), _EIGHT_BITS)
    converted["step"] = np.abs(weights).max(axis=1) / _LARGEST
    step = converted["step"].astype(np.float32)[:, None]
    scaled = np.divide(weights, step, out=np.zeros_like(weights), where=step > 0)
    converted["levels"] = np.clip(np.rint(scaled), -_LARGEST, _LARGEST)
    return converted


def _from_5_bits(blocks: NDArray[np.void]) -> NDArray[np.void]:
    fifth = blocks["fifth_bits"][:, None] >> np.arange(_BLOCK, dtype=np.uint32) & 1
    converted = np.zeros(len(blocks), _EIGHT_BITS)
    converted["step"] = blocks["step"]
    # Level 16 of 32 stands for zero.
    converted["levels"] = (_four_bits(blocks) | fifth.astype(np.uint8) << 4).astype(np.int8) - 16
    return converted


def _four_bits(blocks: NDArray[np.void]) -> NDArray[np.uint8]:
    """The lower four bits of each level: those of the first 16 are the lower halves of the bytes."""
    levels: NDArray[np.uint8] = np.concatenate((blocks["levels"] & 15, blocks["levels"] >> 4), axis=1)
    return levels


class _Description:
    """Reads the header and metadata before the tensors."""

    def __init__(self, content: bytes | bytearray) -> None:
        self._content = content
        self._at = 0

    def read(self) -> tuple[bytearray, list[_Tensor]]:
        """Return everything before the tensors, and their positions. Sets the model's format to 8 bits."""
        if self._content[: len(_MAGIC)] != _MAGIC:
            raise BadModel("it does not begin as one")
        self._at = len(_MAGIC)
        version, tensors, pairs = self._numbers("<IQQ")
        if version != _VERSION:
            raise BadModel(f"its version is {version}")
        format_at = [at for _ in range(pairs) if (at := self._skip_pair()) is not None]
        found = [self._tensor() for _ in range(tensors)]
        head = bytearray(self._content[: self._at + -self._at % _ALIGNMENT])
        for at in format_at:
            struct.pack_into("<I", head, at, _MOSTLY_Q8_0)
        return head, found

    def _numbers(self, layout: str) -> tuple[int, ...]:
        numbers = struct.unpack_from(layout, self._content, self._at)
        self._at += struct.calcsize(layout)
        return numbers

    def _text(self) -> bytes:
        (length,) = self._numbers("<Q")
        self._at += length
        return bytes(self._content[self._at - length : self._at])

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

    def _tensor(self) -> _Tensor:
        name = self._text()
        (dimensions,) = self._numbers("<I")
        size = math.prod(self._numbers(f"<{dimensions}Q"))
        at = self._at
        format, offset = self._numbers("<IQ")
        return _Tensor(name, at, size, format, offset)
