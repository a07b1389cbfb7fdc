import numpy as np
import pytest
from numpy.typing import NDArray

from kouyu.engines.paralinguistics.pitch import HIGHEST_HZ, LOWEST_HZ, voiced_pitch

SECONDS = np.arange(16_000) / 16_000
NOISE = np.random.default_rng(0).normal(scale=0.1, size=16_000).astype(np.float32)


def buzz(hertz: float, *, from_harmonic: int = 1, strongest: int = 1) -> NDArray[np.float32]:
    """A second of harmonics up to 2 kHz, one of them five times as loud as the others."""
    harmonics = range(from_harmonic, int(2000 / hertz) + 1)
    loudness = {number: 0.1 if number == strongest else 0.02 for number in harmonics}
    waves = [loud * np.cos(2 * np.pi * number * hertz * SECONDS + number**2) for number, loud in loudness.items()]
    return np.asarray(np.sum(waves, axis=0), np.float32)


@pytest.mark.parametrize("hertz", [70, 92.5, 120, 165, 210, 310, 400])
def test_the_pitch_is_that_of_the_harmonics(hertz: float) -> None:
    pitch = voiced_pitch(buzz(hertz))
    assert len(pitch) > 80
    np.testing.assert_allclose(np.median(pitch), hertz, rtol=0.01)


@pytest.mark.parametrize("strongest", [2, 3, 4])
def test_a_loud_harmonic_is_not_taken_for_the_pitch(strongest: int) -> None:
    np.testing.assert_allclose(np.median(voiced_pitch(buzz(110, strongest=strongest))), 110, rtol=0.01)


def test_a_telephone_takes_the_lowest_harmonics_away_and_the_pitch_stays() -> None:
    np.testing.assert_allclose(np.median(voiced_pitch(buzz(110, from_harmonic=3, strongest=4))), 110, rtol=0.01)


def test_the_pitch_is_found_in_noise() -> None:
    noise = NOISE / 0.1 * np.sqrt(np.mean(np.square(buzz(110)))) * 10 ** (-10 / 20)
    np.testing.assert_allclose(np.median(voiced_pitch((buzz(110) + noise).astype(np.float32))), 110, rtol=0.03)


@pytest.mark.parametrize("samples", [0, 1, 100, 1000, 16_000])
def test_noise_and_silence_have_no_pitch(samples: int) -> None:
    assert len(voiced_pitch(NOISE[:samples])) == 0
    assert len(voiced_pitch(np.zeros(samples, np.float32))) == 0


def test_a_hum_below_all_voices_has_no_pitch_of_its_own_and_hides_none() -> None:
    hum = (0.02 * np.sin(2 * np.pi * 50 * SECONDS)).astype(np.float32)
    np.testing.assert_allclose(np.median(voiced_pitch(buzz(210) + hum)), 210, rtol=0.02)


def test_pitches_stay_within_the_range_of_voices() -> None:
    for hertz in (30, 55, 450, 900):
        pitch = voiced_pitch(buzz(hertz))
        assert ((pitch > LOWEST_HZ * 0.97) & (pitch < HIGHEST_HZ * 1.06)).all()
