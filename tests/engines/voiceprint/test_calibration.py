import numpy as np
import pytest

from kouyu.engines.voiceprint.calibration import EVEN_SCORE, log_odds, score, terms


@pytest.mark.parametrize("speech_s", [0.5, 1.5, 4.0, 60.0])
@pytest.mark.parametrize("enrolled_s", [2.0, 10.0, 60.0])
def test_the_more_alike_the_higher_from_0_to_100(speech_s: float, enrolled_s: float) -> None:
    cosines = np.linspace(-1, 1, 41)
    scores = score(cosines, np.array(speech_s), np.array(enrolled_s))
    assert np.all(np.diff(scores) > 0)
    assert 0 <= scores[0] < 1
    assert 90 < scores[-1] <= 100


def test_the_default_of_the_protocol_is_where_both_are_equally_likely() -> None:
    one = np.array(1.0)
    cosines = np.linspace(0, 1, 2001)
    constants = np.array([-20.0, 0.0, 0.0, 25.0, 0.0, 0.0])
    even = cosines[np.argmin(np.abs(log_odds(cosines, one, one, constants)))]
    assert even == pytest.approx(0.8, abs=1e-3)
    assert EVEN_SCORE == 40


def test_short_speech_needs_to_be_less_alike() -> None:
    """By the same cosine a second of speech is more surely the speaker's than ten seconds are."""
    short, long = score(np.array([0.72, 0.72]), np.array([1.0, 10.0]), np.array([10.0, 10.0]))
    assert short > 40 > long


def test_lengths_beyond_what_was_measured_count_as_the_nearest() -> None:
    cosine = np.array(0.8)
    for length, nearest in ((0.1, 0.6), (3600.0, 20.0)):
        assert np.array_equal(terms(cosine, np.array(length), cosine), terms(cosine, np.array(nearest), cosine))
