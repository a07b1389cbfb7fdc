"""The formats of the smallest language model: llama.cpp itself reads the converted weights."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
import xllamacpp
from numpy.typing import NDArray

from kouyu.model_files.gguf_file import IQ4_NL, Q4_1, Q4_K, Q8_0, BadModel, tensors
from kouyu.model_files.gguf_in_mixed_bits import gguf_in_mixed_bits
from tests.model_files.test_gguf_in_8_bits import F32, gguf, in_4_bits

ROW = 256
BLOCKS_OF_A_ROW = ROW // 32
NORM = np.linspace(0.1, 2.0, ROW, dtype="<f4")
READERS = {Q4_K: "dequantize_row_q4_K", IQ4_NL: "dequantize_row_iq4_nl", Q8_0: "dequantize_row_q8_0"}


def blocks(seed: int, count: int = BLOCKS_OF_A_ROW) -> tuple[bytes, NDArray[np.float32]]:
    """Blocks in 4 bits as a quantiser makes them, from a weight below 0 to one above it; and the weights."""
    rng = np.random.default_rng(seed)
    steps = rng.uniform(0.01, 0.02, count).astype(np.float16)
    least = (-steps.astype(np.float32) * rng.uniform(6, 9, count)).astype(np.float16)
    levels = np.clip(rng.normal(7.5, 3, (count, 32)).round(), 0, 15).astype(np.uint8)
    weights = levels.astype(np.float32) * steps[:, None].astype(np.float32) + least[:, None].astype(np.float32)
    return in_4_bits(steps, least, levels), weights.reshape(-1)


def read_by_llama_cpp(content: bytes) -> dict[str, tuple[int, NDArray[np.float32]]]:
    """Format and weights of each tensor that is not in floats."""
    library = ctypes.PyDLL(str(next(Path(xllamacpp.__file__).parent.glob("xllamacpp.*so"))))
    found = {}
    for tensor, part in tensors(content):
        if tensor.format in READERS:
            weights = np.zeros(tensor.size, np.float32)
            read = getattr(library, READERS[tensor.format])
            read(ctypes.c_char_p(part), weights.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(tensor.size))
            found[tensor.name] = tensor.format, weights
    return found


def model(norm: NDArray[np.float32] = NORM) -> bytes:
    return gguf(
        [
            ("token_embd.weight", Q8_0, 32, bytes(34)),
            ("blk.0.ffn_norm.weight", F32, ROW, norm.tobytes()),
            ("blk.0.ffn_down.weight", Q4_1, ROW, blocks(1)[0]),
            ("blk.0.ffn_gate.weight", Q4_1, ROW, blocks(2)[0]),
            ("blk.0.attn_q.weight", Q4_1, ROW, blocks(3)[0]),
        ]
    )


def largest_error(weights: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Relative to the largest weight."""
    return float(np.abs(weights - expected).max() / np.abs(expected).max())


def test_llama_cpp_reads_the_weights_that_were_there() -> None:
    found = read_by_llama_cpp(gguf_in_mixed_bits(model()))
    assert {name: format for name, (format, _) in found.items()} == {
        "token_embd.weight": Q8_0,
        "blk.0.ffn_down.weight": Q4_K,
        "blk.0.ffn_gate.weight": IQ4_NL,
        "blk.0.attn_q.weight": Q8_0,
    }
    assert largest_error(found["blk.0.ffn_down.weight"][1], blocks(1)[1]) < 0.02
    assert largest_error(found["blk.0.ffn_gate.weight"][1], blocks(2)[1]) < 0.15
    assert largest_error(found["blk.0.attn_q.weight"][1], blocks(3)[1]) < 0.005


def test_a_weight_whose_input_the_norm_makes_large_is_kept_more_exactly() -> None:
    norm = np.full(ROW, 0.01, np.float32)
    norm[::16] = 1.0
    expected = blocks(2)[1]

    def error(norm: NDArray[np.float32]) -> float:
        weights = read_by_llama_cpp(gguf_in_mixed_bits(model(norm)))["blk.0.ffn_gate.weight"][1]
        return float(np.square(weights - expected)[::16].sum())

    assert error(norm) < error(np.ones(ROW, np.float32))


def test_blocks_that_are_all_zero_or_all_positive_or_negative_stay_what_they_are() -> None:
    zero = in_4_bits(np.zeros(8, np.float16), np.zeros(8, np.float16), np.zeros((8, 32), np.uint8))
    levels = np.tile(np.arange(32, dtype=np.uint8) // 2, (8, 1))
    signs = np.where(np.arange(8) % 2, 1, -1)
    one_sided = in_4_bits((0.01 * signs).astype(np.float16), (0.002 * signs).astype(np.float16), levels)
    expected = (levels * 0.01 + 0.002) * signs[:, None]
    for name in ("blk.0.ffn_down.weight", "blk.0.ffn_gate.weight"):
        norm = ("blk.0.ffn_norm.weight", F32, ROW, NORM.tobytes())
        found = read_by_llama_cpp(gguf_in_mixed_bits(gguf([norm, (name, Q4_1, ROW, zero)])))
        assert not found[name][1].any()
        found = read_by_llama_cpp(gguf_in_mixed_bits(gguf([norm, (name, Q4_1, ROW, one_sided)])))
        assert largest_error(found[name][1], expected.reshape(-1).astype(np.float32)) < 0.15


def test_matrices_whose_rows_do_not_fit_are_in_8_bits() -> None:
    content, expected = blocks(4, 3)
    found = read_by_llama_cpp(gguf_in_mixed_bits(gguf([("blk.0.ffn_down.weight", Q4_1, 96, content)])))
    assert found["blk.0.ffn_down.weight"][0] == Q8_0
    assert largest_error(found["blk.0.ffn_down.weight"][1], expected) < 0.005


def test_a_file_that_is_cut_off_is_refused() -> None:
    with pytest.raises(BadModel):
        gguf_in_mixed_bits(model()[:-400])
