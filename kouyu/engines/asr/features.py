"""Whisper's input: the log-mel spectrogram of the audio without padding, computed with numpy alone."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.mel import HOP_SAMPLES, WINDOW_SAMPLES, mel_filters, power_spectrum

BANDS: Final = 80

DYNAMIC_RANGE: Final = 8.0
"""In powers of ten: values further below the maximum are raised to this distance."""


def log_mel(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The spectrogram of mono 16 kHz audio, shaped (BANDS, len(audio) // HOP_SAMPLES), about -1 to 2.

    ``audio`` must be longer than half a window (200 samples). Takes about 1 ms for each second.
    """
    half = WINDOW_SAMPLES // 2
    padded = np.pad(audio.astype(np.float32, copy=False), half, mode="reflect")
    power = power_spectrum(padded)[: len(audio) // HOP_SAMPLES]
    mel = np.log10(np.maximum(power @ mel_filters(BANDS), 1e-10))
    mel = np.maximum(mel, mel.max() - DYNAMIC_RANGE)
    return np.ascontiguousarray((mel.T + 4.0) / 4.0, dtype=np.float32)
