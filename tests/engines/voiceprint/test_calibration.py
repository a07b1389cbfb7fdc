import numpy as np
import pytest

from kouyu.engines.voiceprint.calibration import EVEN_SCORE, Calibration, log_odds, terms
from kouyu.engines.voiceprint.campplus import CALIBRATION as CAMPPLUS
from kouyu.engines.voiceprint.resemblyzer import CALIBRATION as RESEMBLYZER

EACH_ENCODER = pytest.mark.parametrize("calibration", [CAMPPLUS, RESEMBLYZER], ids=["campplus", "resemblyzer"])


@EACH_ENCODER
@pytest.mark.parametrize("speech_s", [0.5, 1.5, 4.0, 60.0])
@pytest.mark.parametrize("enrolled_s", [2.0, 10.0, 60.0])
def test_the_more_alike_the_higher_from_0_to_100(calibration: Calibration, speech_s: float, enrolled_s: float) -> None:
    cosines = np.linspace(-1, 1, 41)
    scores = calibration.score(cosines, np.array(speech_s), np.array(enrolled_s))
    assert np.all(np.diff(scores) > 0)
    assert 0 <= scores[0] < 1
    assert 90 < scores[-1] <= 100


def test_the_default_of_the_protocol_is_where_both_are_equally_likely() -> None:
    one = np.array(1.0)
    cosines = np.linspace(0, 1, 2001)
    constants = (-20.0, 0.0, 0.0, 25.0, 0.0, 0.0)
    even = cosines[np.argmin(np.abs(log_odds(cosines, one, one, constants)))]
    assert even == pytest.approx(0.8, abs=1e-3)
    assert EVEN_SCORE == 40


@EACH_ENCODER
def test_short_speech_needs_to_be_less_alike(calibration: Calibration) -> None:
    """By the same cosine a second of speech is more surely the speaker's than ten seconds are."""
    cosines = np.linspace(-1, 1, 2001)
    short, long = (
        cosines[np.argmax(calibration.score(cosines, np.array(seconds), np.array(10.0)) >= EVEN_SCORE)]
        for seconds in (1.0, 10.0)
    )
    assert short < long


@EACH_ENCODER
def test_the_gate_needs_more_likeness_of_more_speech_and_less_in_noise(calibration: Calibration) -> None:
    gate = calibration.same_speaker
    by_speech = [gate.least_similarity(seconds, 3.0) for seconds in (0.2, 0.5, 1.0, 1.6)]
    by_known = [gate.least_similarity(1.0, seconds) for seconds in (1.0, 3.0, 8.0)]
    by_noise = [gate.least_similarity(1.0, 3.0, clearness_db) for clearness_db in (10.0, 25.0, 60.0)]
    for rising in (by_speech, by_known, by_noise):
        assert rising == sorted(set(rising))
    assert gate.lead(by_speech[0] + gate.deviation, 0.2, 3.0) == pytest.approx(1.0)


def test_lengths_beyond_what_was_measured_count_as_the_nearest() -> None:
    cosine = np.array(0.8)
    for length, nearest in ((0.1, 0.6), (3600.0, 20.0)):
        assert np.array_equal(terms(cosine, np.array(length), cosine), terms(cosine, np.array(nearest), cosine))
