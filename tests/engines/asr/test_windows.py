import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.windows import EARLIEST_CUT, FRAME, LONGEST, cut_at_pauses


def noise(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, int(seconds * SPEECH_RATE)).astype(np.float32)


def test_short_audio_is_one_window() -> None:
    audio = noise(29)
    assert [len(window) for window in cut_at_pauses(audio)] == [len(audio)]
    assert [len(window) for window in cut_at_pauses(audio[:0])] == [0]


def test_long_audio_is_cut_in_the_middle_of_a_pause() -> None:
    audio = noise(60)
    for second in (23.0, 45.5):
        at = int(second * SPEECH_RATE)
        audio[at : at + int(0.4 * SPEECH_RATE)] *= 0.01
    cuts = np.cumsum([len(window) for window in cut_at_pauses(audio)])[:-1] / SPEECH_RATE
    assert np.allclose(cuts, [23.2, 45.7], atol=0.1)


@settings(max_examples=20, deadline=None)
@given(seconds=st.floats(0, 120), seed=st.integers(0, 5))
def test_nothing_is_lost_and_no_window_is_too_long(seconds: float, seed: int) -> None:
    audio = noise(seconds, seed)
    windows = cut_at_pauses(audio)
    assert np.array_equal(np.concatenate(windows), audio)
    assert max(map(len, windows)) <= LONGEST
    assert all(len(window) >= EARLIEST_CUT - FRAME for window in windows[:-1])
