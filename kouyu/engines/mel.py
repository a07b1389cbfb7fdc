"""The mel spectrogram that several models take: 25 ms windows every 10 ms of 16 kHz audio, with numpy alone."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE

HOP_SAMPLES: Final = 160
"""10 ms, one frame."""
WINDOW_SAMPLES: Final = 400


def power_spectrum(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The power at each frequency, shaped (frames, WINDOW_SAMPLES // 2 + 1), one frame per whole window.

    ``audio`` is mono at SPEECH_RATE and at least WINDOW_SAMPLES long.
    """
    frames = np.lib.stride_tricks.sliding_window_view(audio, WINDOW_SAMPLES)[::HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _window(), axis=1)
    return (spectrum.real**2 + spectrum.imag**2).astype(np.float32, copy=False)


@cache
def mel_filters(bands: int) -> NDArray[np.float32]:
    """Triangles on Slaney's mel scale, each of area 1, shaped (WINDOW_SAMPLES // 2 + 1, bands)."""
    edges = _mel_to_hz(np.linspace(0.0, _hz_to_mel(SPEECH_RATE / 2), bands + 2))
    bins = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SPEECH_RATE)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * 2.0 / (edges[2:] - edges[:-2])).astype(np.float32)


@cache
def _window() -> NDArray[np.float32]:
    """A Hann window, periodic."""
    return np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)


# Slaney's scale: linear up to 1000 Hz (mel 15), logarithmic above.
_LINEAR_HZ: Final = 200 / 3
_BREAK_HZ: Final = 1000.0
_BREAK_MEL: Final = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP: Final = float(np.log(6.4)) / 27


def _hz_to_mel(hz: float) -> float:
    """For frequencies above the break."""
    return _BREAK_MEL + float(np.log(hz / _BREAK_HZ)) / _LOG_STEP


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ, _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL)))
