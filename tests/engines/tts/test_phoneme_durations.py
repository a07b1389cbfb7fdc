import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kouyu.engines.tts.phoneme_durations import Floats, durations_at


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


def test_at_normal_speed_they_are_the_models_own() -> None:
    assert durations_at(floats(0.2, 1.4, 1.6, 2.5, 3.1, 7.0), 1.0).tolist() == [1, 2, 2, 3, 4, 7]


@given(st.lists(st.floats(0.75, 9.0, width=32), min_size=20, max_size=60), st.sampled_from([0.5, 0.75, 1.25, 2.0]))
def test_their_sum_is_that_at_normal_speed_divided_by_the_speed(predicted: list[float], speed: float) -> None:
    # A hundredth apart, so that no two change at the same divisor.
    durations = floats(*(value + index / 100 for index, value in enumerate(predicted)))
    normal, changed = (float(durations_at(durations, each).sum()) for each in (1.0, speed))
    assert changed == pytest.approx(max(normal / speed, len(durations)), rel=0.03, abs=2)


def test_no_phoneme_is_left_out_at_double_speed() -> None:
    assert durations_at(floats(1, 1, 1, 1, 1, 1), 2.0).tolist() == [1] * 6
