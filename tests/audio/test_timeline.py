import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kouyu.audio.timeline import AudioTimeline
from kouyu.domain.speech_rate import SPEECH_RATE


def counting(start: int, count: int) -> np.ndarray:
    """Samples whose values are their positions."""
    return np.arange(start, start + count, dtype=np.float32)


def test_a_slice_is_what_was_said_between_two_positions() -> None:
    timeline = AudioTimeline(longest_s=10)
    for frame in range(200):
        timeline.append(counting(frame * 320, 320))
    assert (timeline.start, timeline.end) == (0, 64_000)
    assert np.array_equal(timeline.slice(15_900, 32_100), counting(15_900, 16_200))
    assert timeline.slice(15_900, 32_100).dtype == np.float32


def test_a_slice_is_a_copy() -> None:
    timeline = AudioTimeline(longest_s=1)
    timeline.append(counting(0, 100))
    timeline.slice(0, 100)[:] = -1
    assert np.array_equal(timeline.slice(0, 100), counting(0, 100))


def test_what_was_appended_may_change_afterwards() -> None:
    timeline, frame = AudioTimeline(longest_s=1), counting(0, 100)
    timeline.append(frame)
    frame[:] = -1
    assert np.array_equal(timeline.slice(0, 100), counting(0, 100))


def test_a_slice_is_clipped_to_what_is_kept() -> None:
    timeline = AudioTimeline(longest_s=10)
    timeline.append(counting(0, 1_000))
    timeline.forget(400)
    assert np.array_equal(timeline.slice(-5, 5_000), counting(400, 600))
    assert len(timeline.slice(0, 400)) == 0
    assert len(timeline.slice(700, 600)) == 0
    assert len(timeline.slice(2_000, 3_000)) == 0


def test_the_oldest_goes_when_it_is_full() -> None:
    timeline = AudioTimeline(longest_s=2)
    for second in range(5):
        timeline.append(counting(second * SPEECH_RATE, SPEECH_RATE))
    assert (timeline.start, timeline.end) == (3 * SPEECH_RATE, 5 * SPEECH_RATE)


def test_memory_stays_bounded_however_much_comes_in() -> None:
    timeline = AudioTimeline(longest_s=3)
    for _ in range(50):
        timeline.append(np.zeros(SPEECH_RATE * 2 // 3, np.float32))
        timeline.append(np.zeros(SPEECH_RATE * 5, np.float32))
    assert timeline.end - timeline.start == 3 * SPEECH_RATE
    held = sum(block.size for block in timeline._blocks)
    assert held <= 5 * SPEECH_RATE


@settings(deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(0, 40_000)),
            st.tuples(st.just("forget"), st.integers(-10, 150_000)),
        ),
        max_size=15,
    ),
    window=st.tuples(st.integers(-100, 150_000), st.integers(-100, 150_000)),
)
def test_it_agrees_with_one_long_array(steps: list[tuple[str, int]], window: tuple[int, int]) -> None:
    timeline, start, end = AudioTimeline(longest_s=3.3), 0, 0
    for step, amount in steps:
        if step == "append":
            timeline.append(counting(end, amount))
            end += amount
            start = max(start, end - round(3.3 * SPEECH_RATE))
        else:
            timeline.forget(amount)
            start = max(start, min(amount, end))
    assert (timeline.start, timeline.end) == (start, end)
    low, high = max(window[0], start), min(window[1], end)
    assert np.array_equal(timeline.slice(*window), counting(low, max(0, high - low)))


def test_muting_makes_silence_of_what_is_kept_and_of_nothing_else() -> None:
    timeline = AudioTimeline(longest_s=3)
    timeline.append(counting(1, 40_000))
    timeline.forget(1_000)
    timeline.mute(500, 20_000)
    timeline.mute(39_990, 50_000)
    timeline.append(counting(1, 10))
    heard = timeline.slice(0, timeline.end)
    assert not heard[:19_000].any()
    assert np.array_equal(heard[19_000:-20], counting(20_001, 19_990))
    assert not heard[-20:-10].any()
    assert np.array_equal(heard[-10:], counting(1, 10))
