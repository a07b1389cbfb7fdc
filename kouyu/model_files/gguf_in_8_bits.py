"""Converts a language model's GGUF file from 4 bits a weight (Q4_1) to 8 (Q8_0), which llama.cpp multiplies faster.

The weights hardly change: a block of 32 has 16 levels in Q4_1, which Q8_0 represents to within half a percent of the
largest.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.model_files.gguf_file import BLOCK, Q4_1, Q8_0, Tensor, converted

_MOSTLY_Q8_0: Final = 7
FOUR_BITS: Final = np.dtype([("step", "<f2"), ("least", "<f2"), ("levels", "u1", BLOCK // 2)])
"""A block in Q4_1: each weight is the least one and so many steps as its level; two levels in a byte."""
_EIGHT_BITS: Final = np.dtype([("step", "<f2"), ("levels", "i1", BLOCK)])
_LARGEST: Final = 127


def gguf_in_8_bits(content: bytes) -> bytes:
    """The same model with every Q4_1 tensor in Q8_0; the same bytes on every machine. Raises BadModel."""
    return converted(content, _convert, file_type=_MOSTLY_Q8_0)


def _convert(tensor: Tensor, content: bytes) -> tuple[int, bytes]:
    if tensor.format != Q4_1:
        return tensor.format, content
    return Q8_0, in_8_bits(np.frombuffer(content, FOUR_BITS)).tobytes()


def in_8_bits(blocks: NDArray[np.void]) -> NDArray[np.void]:
    """Blocks of Q4_1 in Q8_0: fields ``step`` and ``levels``, -127 to 127."""
    levels = np.concatenate((blocks["levels"] & 15, blocks["levels"] >> 4), axis=1)
    weights = levels * blocks["step"].astype(np.float32)[:, None] + blocks["least"].astype(np.float32)[:, None]
    made = np.zeros(len(blocks), _EIGHT_BITS)
    made["step"] = np.abs(weights).max(axis=1) / _LARGEST
    step = made["step"].astype(np.float32)[:, None]
    scaled = np.divide(weights, step, out=np.zeros_like(weights), where=step > 0)
    made["levels"] = np.clip(np.rint(scaled), -_LARGEST, _LARGEST)
    return made
