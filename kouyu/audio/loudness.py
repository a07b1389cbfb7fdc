"""Applies ``loudness_rate`` of the output configuration (uplink.md)."""

import numpy as np

from kouyu.audio.pcm import Samples

_KNEE = np.float32(0.8)
"""Amplitude up to which the limiter changes nothing."""


def gain(loudness_rate: int) -> float:
    """The factor on the amplitude: -50 gives 0.5 (-6 dB), 0 gives 1, 100 gives 2 (+6 dB), linear between."""
    return 1 + loudness_rate / 100


def amplify(samples: Samples, loudness_rate: int) -> Samples:
    """Scale the samples; peaks may exceed -1 to 1."""
    return samples if loudness_rate == 0 else samples * np.float32(gain(loudness_rate))


def soften_peaks(samples: Samples) -> Samples:
    """Limit to -1 to 1: compress peaks above 0.8 smoothly instead of clipping them."""
    size = np.abs(samples)
    if not size.size or size.max() <= _KNEE:
        return samples
    room = 1 - _KNEE
    bent = np.copysign(_KNEE + room * np.tanh((size - _KNEE) / room), samples)
    return np.where(size > _KNEE, bent, samples)
