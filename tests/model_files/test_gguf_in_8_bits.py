import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.model_files.gguf_file import BadModel
from kouyu.model_files.gguf_in_8_bits import gguf_in_8_bits

F32, Q4_1, Q8_0 = 0, 3, 8
BLOCKS = 6
NORM = np.arange(32, dtype="<f4")


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def gguf(tensors: list[tuple[str, int, int, bytes]], *, version: int = 3) -> bytes:
    """A file of tensors of one dimension: name, format, size and bytes."""
    pairs = (
        text("general.file_type") + struct.pack("<II", 4, 3),
        text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("bc"),
        text("general.name") + struct.pack("<I", 8) + text("odd length"),
    )
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs)) + b"".join(pairs)
    data = b""
    for name, format, size, content in tensors:
        head += text(name) + struct.pack("<IQIQ", 1, size, format, len(data))
        data += content + bytes(-len(content) % 32)
    return head + bytes(-len(head) % 32) + data


def in_4_bits(steps: NDArray[np.float16], least: NDArray[np.float16], levels: NDArray[np.uint8]) -> bytes:
    """Blocks of 32 levels, of which the first 16 are the lower halves of the bytes."""
    packed = levels[:, :16] | levels[:, 16:] << 4
    return b"".join(
        step.tobytes() + low.tobytes() + row.tobytes() for step, low, row in zip(steps, least, packed, strict=True)
    )


def random_blocks() -> tuple[bytes, NDArray[np.float32]]:
    """A tensor in 4 bits and its weights."""
    rng = np.random.default_rng(0)
    steps = rng.uniform(0.001, 0.1, BLOCKS).astype(np.float16)
    least = rng.uniform(-1, 0, BLOCKS).astype(np.float16)
    levels = rng.integers(0, 16, (BLOCKS, 32)).astype(np.uint8)
    weights = levels.astype(np.float32) * steps[:, None].astype(np.float32) + least[:, None].astype(np.float32)
    return in_4_bits(steps, least, levels), weights


def model() -> bytes:
    return gguf([("norm", F32, 32, NORM.tobytes()), ("up", Q4_1, 32 * BLOCKS, random_blocks()[0])])


def blocks_in_8_bits(content: bytes) -> NDArray[np.float32]:
    blocks = np.frombuffer(content, np.dtype([("step", "<f2"), ("levels", "i1", 32)]))
    weights: NDArray[np.float32] = blocks["levels"] * blocks["step"].astype(np.float32)[:, None]
    return weights


def test_each_weight_is_as_it_was_to_half_a_percent_of_the_largest_of_its_block() -> None:
    weights = random_blocks()[1]
    converted = blocks_in_8_bits(gguf_in_8_bits(model())[-224:][: 34 * BLOCKS])
    assert (np.abs(converted - weights) <= np.abs(weights).max(axis=1, keepdims=True) / 200).all()


def test_a_block_of_zeros_stays_one() -> None:
    zeros = in_4_bits(np.zeros(1, np.float16), np.zeros(1, np.float16), np.zeros((1, 32), np.uint8))
    assert not blocks_in_8_bits(gguf_in_8_bits(gguf([("up", Q4_1, 32, zeros)]))[-64:][:34]).any()


def test_the_file_is_the_one_that_says_of_its_tensors_what_they_now_are() -> None:
    expected = gguf([("norm", F32, 32, NORM.tobytes()), ("up", Q8_0, 32 * BLOCKS, bytes(34 * BLOCKS))])
    expected = expected.replace(struct.pack("<II", 4, 3), struct.pack("<II", 4, 7), 1)
    converted = gguf_in_8_bits(model())
    assert len(converted) == len(expected)
    assert converted[: -224 - 128] == expected[: -224 - 128]
    assert converted[-224 - 128 : -224] == NORM.tobytes()


def test_what_follows_a_converted_tensor_moves_with_its_description() -> None:
    up = random_blocks()[0]
    converted = gguf_in_8_bits(gguf([("up", Q4_1, 32 * BLOCKS, up), ("norm", F32, 32, NORM.tobytes())]))
    assert converted.endswith(NORM.tobytes())
    assert text("norm") + struct.pack("<IQIQ", 1, 32, F32, 224) in converted


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        gguf([], version=2),
        model()[:100],
        model()[:-100],
        gguf([("up", 13, 256, bytes(176))]),
    ],
)
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(BadModel):
        gguf_in_8_bits(content)
