"""Samples are what they would be in one array, whatever is appended, cut off and dropped in which order."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.audio.pcm import float_from_int16
from kouyu.audio.sample_buffer import SampleBuffer


@pytest.mark.parametrize("seed", range(5))
def test_it_holds_what_one_array_would(seed: int) -> None:
    random = np.random.default_rng(seed)
    buffer, array = SampleBuffer(), np.zeros(0, np.float32)
    for _ in range(300):
        count = int(random.integers(0, 9_000))
        match random.integers(0, 4):
            case 0 | 1:
                piece = float_from_int16(random.integers(-32_768, 32_768, count).astype(np.int16))
                buffer.append(piece)
                array = np.concatenate((array, piece))
            case 2:
                buffer.drop(count)
                array = array[count:]
            case 3:
                buffer.cut_to(2 * count)
                array = array[: 2 * count]
        start, end = sorted(random.integers(0, len(array) + 100, 2).tolist())
        assert len(buffer) == len(array)
        np.testing.assert_array_equal(buffer.slice(start, end), array[start:end])


def test_nothing_is_dropped_by_a_negative_number() -> None:
    buffer = SampleBuffer()
    buffer.append(np.ones(3, np.float32))
    buffer.drop(-2)
    assert len(buffer) == 3


def test_appending_copies_each_sample_a_few_times_however_long_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    empty = np.empty

    def counting(count: int, kind: type[np.int16]) -> NDArray[np.int16]:
        made.append(count)
        return empty(count, kind)

    monkeypatch.setattr(np, "empty", counting)
    buffer = SampleBuffer()
    for _ in range(1000):
        buffer.append(np.zeros(1000, np.float32))
    assert sum(made) < 5 * 1000 * 1000
