"""Input of Resemblyzer's encoder: the mel spectrogram of its training, cut into overlapping windows of 1.6 s."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.mel import HOP_SAMPLES, WINDOW_SAMPLES, mel_filters, power_spectrum

BANDS: Final = 40

WINDOW_FRAMES: Final = 160
"""1.6 s, what the encoder was trained on."""
STEP_FRAMES: Final = 77
"""From one window to the next: 1.3 windows begin in each second."""
LEAST_COVERED: Final = 0.75
"""Least share of audio in the last window; with less it is left out, unless it is the only one."""

LOUDNESS_DBFS: Final = -30.0
"""The root mean square to which speech is scaled. In training only quieter speech was; but the encoder depends on the
level, and with speech at -32 to -18 dBFS the equal error rate at 4 s is 1.9 % so and 7.6 % the training's way."""


def mel_windows(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    """The windows, shaped (WINDOW_FRAMES, windows, BANDS).

    ``speech``: mono at 16 kHz, not empty and not silent. Speech too short for one window is repeated to fill it, since
    silence would become part of the voiceprint (equal error rate at 0.8 s: 17 % so, 24 % with zeros); the last of
    several windows is padded with zeros.
    """
    if len(speech) < WINDOW_FRAMES * HOP_SAMPLES:
        speech = np.resize(speech, WINDOW_FRAMES * HOP_SAMPLES)
    starts = window_starts(len(speech))
    padded = np.zeros(max(len(speech), (starts[-1] + WINDOW_FRAMES) * HOP_SAMPLES), np.float32)
    padded[: len(speech)] = _levelled(speech)
    mel = power_spectrum(np.pad(padded, WINDOW_SAMPLES // 2)) @ mel_filters(BANDS)
    return np.stack([mel[start : start + WINDOW_FRAMES] for start in starts], axis=1)


def window_starts(samples: int) -> list[int]:
    """The first frame of each window over ``samples`` samples; at least one."""
    frames = -(-(samples + 1) // HOP_SAMPLES)
    starts = list(range(0, max(1, frames - WINDOW_FRAMES + STEP_FRAMES + 1), STEP_FRAMES))
    covered = (samples - starts[-1] * HOP_SAMPLES) / (WINDOW_FRAMES * HOP_SAMPLES)
    return starts[:-1] if covered < LEAST_COVERED and len(starts) > 1 else starts


def _levelled(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    loudness = float(np.sqrt(np.mean(np.square(speech, dtype=np.float64))))
    return speech * np.float32(10 ** (LOUDNESS_DBFS / 20) / loudness)
