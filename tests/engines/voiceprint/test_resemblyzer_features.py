import numpy as np
import pytest

from kouyu.engines.voiceprint.resemblyzer_features import (
    BANDS,
    LOUDNESS_DBFS,
    WINDOW_FRAMES,
    mel_windows,
    window_starts,
)

BY_BAND = [0.07999, 0.3181, 0.31726, 0.3235, 0.30897, 0.32286, 0.3173, 0.31961, 0.32064, 0.31982]
"""Every fourth band."""
BY_FRAME = [0.35998, 0.81541, 0.49444, 0.33651, 0.25522, 0.20548, 0.17196, 0.14786, 0.1297, 0.11538]
"""Every fifteenth frame."""


def test_the_numbers_are_those_the_encoder_was_trained_on() -> None:
    """Expected: means over frames and over bands of librosa 0.11's ``melspectrogram`` of a chirp at 0.4, which is
    brought to -30 dBFS here."""
    gain = 10 ** (LOUDNESS_DBFS / 10) / (0.4**2 / 2)
    seconds = np.arange(24_000) / 16_000
    chirp = (0.4 * np.sin(2 * np.pi * (100 + 2500 * seconds) * seconds)).astype(np.float32)
    (window,) = mel_windows(chirp).transpose(1, 0, 2)
    assert window.shape == (WINDOW_FRAMES, BANDS)
    np.testing.assert_allclose(window[:150].mean(axis=0)[::4], gain * np.array(BY_BAND), rtol=2e-3)
    np.testing.assert_allclose(window[:150].mean(axis=1)[::15], gain * np.array(BY_FRAME), rtol=2e-3)


@pytest.mark.parametrize(
    ("seconds", "starts"),
    [(0.2, [0]), (1.6, [0]), (1.9, [0]), (2.4, [0, 77]), (3.0, [0, 77, 154])],
)
def test_windows_overlap_and_the_last_is_at_least_three_quarters_full(seconds: float, starts: list[int]) -> None:
    assert window_starts(int(seconds * 16_000)) == starts


def test_short_speech_is_repeated_until_a_window_is_full() -> None:
    word = np.random.default_rng(0).normal(scale=0.1, size=6_400).astype(np.float32)
    np.testing.assert_array_equal(mel_windows(word), mel_windows(np.tile(word, 4)))


def test_how_loud_speech_is_does_not_matter() -> None:
    speech = np.random.default_rng(0).normal(scale=0.1, size=32_000).astype(np.float32)
    np.testing.assert_allclose(mel_windows(speech), mel_windows(speech * np.float32(0.1)), rtol=1e-3)
