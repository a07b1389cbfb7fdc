import numpy as np
import pytest

from kouyu.audio.loudness import amplify, gain, soften_peaks
from tests.audio.signals import level_db, speech_like

QUIET = speech_like(0.5, 24_000) * 0.3


@pytest.mark.parametrize(("rate", "decibels"), [(-50, -6.02), (-25, -2.50), (0, 0.0), (50, 3.52), (100, 6.02)])
def test_the_rate_moves_the_level_by_so_many_db(rate: int, decibels: float) -> None:
    assert level_db(amplify(QUIET, rate)) - level_db(QUIET) == pytest.approx(decibels, abs=0.01)


def test_the_factor_is_linear_from_half_to_double() -> None:
    assert [gain(rate) for rate in (-50, -10, 0, 10, 100)] == pytest.approx([0.5, 0.9, 1.0, 1.1, 2.0])


def test_peaks_are_limited_smoothly_to_full_scale() -> None:
    ramp = np.linspace(-4, 4, 1_001).astype(np.float32)
    bent = soften_peaks(ramp)
    assert np.abs(bent).max() <= 1.0
    # Louder stays louder, the sign stays, and below the knee nothing changes.
    assert (np.diff(bent) >= 0).all()
    assert np.array_equal(bent[np.abs(ramp) <= 0.8], ramp[np.abs(ramp) <= 0.8])
    assert np.allclose(bent, -bent[::-1])


def test_the_limiter_has_no_step_at_its_knee() -> None:
    around = np.linspace(0.79, 0.81, 2_001).astype(np.float32)
    assert np.abs(np.diff(soften_peaks(around))).max() < 2e-5


def test_empty_audio_is_accepted() -> None:
    assert len(soften_peaks(amplify(np.zeros(0, np.float32), 100))) == 0
