import numpy as np
import pytest

from kouyu.engines.voiceprint.campplus_features import BANDS, filter_banks

KALDI = [
    [6.780, 2.413, -3.586, -4.966, -4.705],
    [3.948, 4.878, 3.152, -4.966, -4.705],
    [-3.794, -0.759, 6.982, -1.749, -4.705],
    [1.995, -2.349, 0.024, 6.770, -4.705],
    [-3.794, -2.349, -3.056, 4.648, -2.686],
    [0.913, -2.349, -3.586, -0.811, 0.718],
    [-3.487, -2.349, -3.586, -3.415, 11.915],
]
"""Every 14th frame and every 16th band of kaldi-native-fbank 1.23 (80 bands, no dither), less the mean of each band."""


def test_the_numbers_are_those_of_kaldi() -> None:
    seconds = np.arange(16_000) / 16_000
    chirp = (0.4 * np.sin(2 * np.pi * (100 + 2500 * seconds) * seconds)).astype(np.float32)
    banks = filter_banks(chirp)
    assert banks.shape == (98, BANDS)
    np.testing.assert_allclose(banks[::14, ::16], np.array(KALDI), atol=0.01)


def test_how_loud_speech_is_does_not_matter() -> None:
    speech = np.random.default_rng(0).normal(scale=0.1, size=32_000).astype(np.float32)
    np.testing.assert_allclose(filter_banks(speech), filter_banks(speech * np.float32(0.5)), atol=1e-3)


@pytest.mark.parametrize("samples", [1, 399, 1359])
def test_speech_too_short_for_the_network_is_repeated(samples: int) -> None:
    noise = np.random.default_rng(0).normal(scale=0.1, size=samples).astype(np.float32)
    assert filter_banks(noise).shape == (7, BANDS)
