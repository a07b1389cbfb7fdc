"""Converts a language model's GGUF file in Q4_1 to formats that llama.cpp multiplies faster.

llama.cpp has fast kernels for Q4_K and IQ4_NL, both of 4.5 bits a weight, and none for Q4_1:

- ``ffn_down`` becomes Q4_K. It has 16 levels between a least value and a largest for each block of 32 weights, as Q4_1
  has, and so takes over the levels; only the step and the least value of each block are rounded, to 6 bits. It wants
  rows of a multiple of 256 weights, which only this matrix has in a small model.
- ``ffn_gate`` becomes IQ4_NL: one step for a block and 16 levels that are denser around 0. The step is, of a few
  candidates, the one with the smallest squared error, in which a weight counts as the norm before the matrix scales its
  input.
- All others become Q8_0, as in ``gguf_in_8_bits``. To change more of them makes more answers wrong, and the model
  hardly faster (docs/measurements.md).

Candidates are compared in whole numbers, of which every processor makes the same sums, so that the file is the same
everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.model_files.gguf_file import BLOCK, IQ4_NL, Q4_1, Q4_K, Q8_0, Tensor, converted, tensors
from kouyu.model_files.gguf_in_8_bits import FOUR_BITS, in_8_bits

_MOSTLY_Q8_0: Final = 7

_Floats = NDArray[np.float64]

_IN_8_BITS_LARGEST: Final = 127
_LEVELS: Final = np.array((-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113), np.float64)
_BETWEEN: Final = (_LEVELS[1:] + _LEVELS[:-1]) / 2
_NON_LINEAR: Final = np.dtype([("step", "<f2"), ("levels", "u1", BLOCK // 2)])
_CANDIDATES: Final = tuple(sign * (127 + more) for sign in (-1, 1) for more in range(-19, 8, 2))
"""To which value, in the steps of the new block, the largest weight would be brought."""
_MOST_IMPORTANT: Final = 255

_SUPER_BLOCK: Final = 8
"""Blocks that share the units of their steps and least values in Q4_K."""
_K: Final = np.dtype([("unit", "<f2"), ("least_unit", "<f2"), ("scales", "u1", 12), ("levels", "u1", 128)])
_MOST_UNITS: Final = 63
_MOST_LEVELS: Final = 15


def gguf_in_mixed_bits(content: bytes) -> bytes:
    """The same model in other formats, as above; the same bytes on every machine. Takes some four seconds of
    processor time for 135 million weights. Raises BadModel."""
    norms = {
        each.name.split(".")[1]: np.frombuffer(part, "<f4").astype(np.float64)
        for each, part in tensors(content)
        if each.name.endswith(".ffn_norm.weight")
    }

    def convert(tensor: Tensor, part: bytes) -> tuple[int, bytes]:
        if tensor.format != Q4_1:
            return tensor.format, part
        blocks = np.frombuffer(part, FOUR_BITS)
        match tensor.name.split("."):
            case ["blk", _, "ffn_down", "weight"] if tensor.row % (_SUPER_BLOCK * BLOCK) == 0:
                return Q4_K, _in_k(blocks).tobytes()
            case ["blk", layer, "ffn_gate", "weight"] if len(norms.get(layer, ())) == tensor.row:
                return IQ4_NL, _non_linear(in_8_bits(blocks), norms[layer]).tobytes()
        return Q8_0, in_8_bits(blocks).tobytes()

    return converted(content, convert, file_type=_MOSTLY_Q8_0)


def _in_k(blocks: NDArray[np.void]) -> NDArray[np.void]:
    levels = np.concatenate((blocks["levels"] & 15, blocks["levels"] >> 4), axis=1).astype(np.float64)
    step, least = blocks["step"].astype(np.float64), blocks["least"].astype(np.float64)
    weights = (levels * step[:, None] + least[:, None]).reshape(-1, _SUPER_BLOCK, BLOCK)
    least = np.where(step < 0, least + _MOST_LEVELS * step, least)
    unit, steps = _in_units(np.abs(step).reshape(-1, _SUPER_BLOCK))
    least_unit, leasts = _in_units(np.maximum(-least, 0).reshape(-1, _SUPER_BLOCK))
    own_step = (unit.astype(np.float64)[:, None] * steps)[..., None]
    own_least = (least_unit.astype(np.float64)[:, None] * leasts)[..., None]
    in_steps = _quotient(weights + own_least, own_step)
    made = np.zeros(len(weights), _K)
    made["unit"], made["least_unit"] = unit, least_unit
    made["scales"] = _packed_scales(steps, leasts)
    made["levels"] = _packed_levels(np.clip(np.rint(in_steps), 0, _MOST_LEVELS).astype(np.uint8))
    return made


def _in_units(values: _Floats) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    """The unit of each super-block, and its values in it."""
    unit = (values.max(axis=1) / _MOST_UNITS).astype(np.float16)
    in_units = _quotient(values, unit.astype(np.float64)[:, None])
    return unit, np.clip(np.rint(in_units), 0, _MOST_UNITS).astype(np.uint8)


def _packed_scales(steps: NDArray[np.uint8], leasts: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Twice eight numbers of 6 bits, as in ggml's ``block_q4_K``."""
    first = steps[:, :4] | steps[:, 4:] >> 4 << 6
    second = leasts[:, :4] | leasts[:, 4:] >> 4 << 6
    third = steps[:, 4:] & 15 | (leasts[:, 4:] & 15) << 4
    return np.concatenate((first, second, third), axis=1)


def _packed_levels(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of two blocks each, those of the first in the lower halves of the bytes."""
    pairs = levels.reshape(-1, _SUPER_BLOCK // 2, 2, BLOCK)
    packed: NDArray[np.uint8] = pairs[:, :, 0] | pairs[:, :, 1] << np.uint8(4)
    return packed.reshape(-1, _SUPER_BLOCK // 2 * BLOCK)


def _non_linear(blocks: NDArray[np.void], norm: _Floats) -> NDArray[np.void]:
    weights = blocks["levels"].astype(np.float64).reshape(-1, len(norm) // BLOCK, BLOCK)
    of_table = blocks["levels"].astype(np.intp).reshape(weights.shape) + _IN_8_BITS_LARGEST + 1
    importance = np.square(norm)
    importance = np.maximum(np.rint(importance * (_MOST_IMPORTANT / importance.max())), 1).reshape(-1, BLOCK)
    weighted = weights * importance
    best = np.full(weights.shape[:2], -1.0)
    factor = np.zeros(weights.shape[:2])
    for table in _tables():
        levels = table[of_table]
        # All sums are of whole numbers and below 2 ** 53, so exact in any order.
        product = np.einsum("rbi,rbi->rb", levels, weighted)
        square = np.einsum("rbi,rbi,bi->rb", levels, levels, importance)
        score = product * product / square
        better = score > best
        best[better] = score[better]
        factor[better] = product[better] / square[better]
    step = blocks["step"].astype(np.float64)
    made = np.zeros(len(blocks), _NON_LINEAR)
    made["step"] = step * factor.reshape(-1)
    in_steps = _quotient(step, made["step"].astype(np.float64))
    index = np.searchsorted(_BETWEEN, weights.reshape(-1, BLOCK) * in_steps[:, None]).astype(np.uint8)
    made["levels"] = index[:, : BLOCK // 2] | index[:, BLOCK // 2 :] << 4
    return made


@cache
def _tables() -> tuple[_Floats, ...]:
    """For each candidate, the level of every weight in the steps of Q8_0, -128 to 127."""

    def each_table() -> Iterator[_Floats]:
        weights = np.arange(-_IN_8_BITS_LARGEST - 1, _IN_8_BITS_LARGEST + 1, dtype=np.float64)
        for each in _CANDIDATES:
            yield _LEVELS[np.searchsorted(_BETWEEN, weights * each / _IN_8_BITS_LARGEST)]

    return tuple(each_table())


def _quotient(values: _Floats, divisors: _Floats) -> _Floats:
    """0 where the divisor is."""
    divisors = np.broadcast_to(divisors, values.shape)
    return np.divide(values, divisors, out=np.zeros_like(values), where=divisors != 0)
