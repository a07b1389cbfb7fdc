"""Converts a language model's GGUF file from 4 bits a weight (Q4_1) to 8 (Q8_0), which llama.cpp multiplies faster.

The weights hardly change: a block of 32 has 16 levels in Q4_1, which Q8_0 represents to within half a percent of the
largest. Nothing else in the file changes except the positions of its tensors.

A GGUF file is a header, pairs of keys and values, a description of each tensor, and the tensors, each aligned.
"""

from __future__ import annotations

import math
import struct
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

_F32: Final = 0
_Q4_1: Final = 3
_Q8_0: Final = 8
_MOSTLY_Q8_0: Final = 7

_BLOCK: Final = 32
"""Weights of a block, in both formats."""
_FOUR_BITS: Final = np.dtype([("step", "<f2"), ("least", "<f2"), ("levels", "u1", _BLOCK // 2)])
_EIGHT_BITS: Final = np.dtype([("step", "<f2"), ("levels", "i1", _BLOCK)])
_LARGEST: Final = 127


class BadModel(ValueError):
    """The bytes are not a GGUF file of the kind that is converted."""


class _Tensor(msgspec.Struct, frozen=True):
    described_at: int
    """Position in the file of its format, which its offset follows."""
    size: int
    """In weights."""
    format: int
    offset: int
    """In bytes from the first tensor."""

    @property
    def bytes(self) -> int:
        match self.format:
            case 0:
                return self.size * 4
            case 3:
                return self.size // _BLOCK * _FOUR_BITS.itemsize
            case 8:
                return self.size // _BLOCK * _EIGHT_BITS.itemsize
            case _:
                raise BadModel(f"it has a tensor of format {self.format}")


def gguf_in_8_bits(content: bytes) -> bytes:
    """The same model with every Q4_1 tensor in Q8_0; the same bytes on every machine. Raises BadModel."""
    try:
        head, tensors = _Description(content).read()
        parts = list[bytes]()
        offset = 0
        for tensor in tensors:
            begin = len(head) + tensor.offset
            part = content[begin : begin + tensor.bytes]
            if len(part) < tensor.bytes:
                raise BadModel("it is cut off")
            format = tensor.format
            if format == _Q4_1:
                part, format = _in_8_bits(np.frombuffer(part, _FOUR_BITS)).tobytes(), _Q8_0
            struct.pack_into("<IQ", head, tensor.described_at, format, offset)
            parts += [part, bytes(-len(part) % _ALIGNMENT)]
            offset += len(part) + len(parts[-1])
    except (struct.error, ValueError) as error:
        raise BadModel(f"it is not a 4-bit GGUF file: {error}") from error
    return b"".join((head, *parts))


def _in_8_bits(blocks: NDArray[np.void]) -> NDArray[np.void]:
    levels = np.concatenate((blocks["levels"] & 15, blocks["levels"] >> 4), axis=1)
    weights = levels * blocks["step"].astype(np.float32)[:, None] + blocks["least"].astype(np.float32)[:, None]
    converted = np.zeros(len(blocks), _EIGHT_BITS)
    converted["step"] = np.abs(weights).max(axis=1) / _LARGEST
    step = converted["step"].astype(np.float32)[:, None]
    scaled = np.divide(weights, step, out=np.zeros_like(weights), where=step > 0)
    converted["levels"] = np.clip(np.rint(scaled), -_LARGEST, _LARGEST)
    return converted


class _Description:
    """Reads the header and metadata before the tensors."""

    def __init__(self, content: bytes) -> None:
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

    def _tensor(self) -> _Tensor:
        self._text()
        (dimensions,) = self._numbers("<I")
        size = math.prod(self._numbers(f"<{dimensions}Q"))
        at = self._at
        format, offset = self._numbers("<IQ")
        return _Tensor(at, size, format, offset)
