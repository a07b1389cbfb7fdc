"""What Whisper hears: the log-mel spectrogram of exactly the audio it is given, with numpy alone."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

BANDS: Final = 80
HOP_SAMPLES: Final = 160
"""10 ms at 16 kHz, one frame."""
WINDOW_SAMPLES: Final = 400
SAMPLE_RATE: Final = 16_000

DYNAMIC_RANGE: Final = 8.0
"""In powers of ten: what is fainter than the loudest point by more is raised to it."""


def log_mel(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The spectrogram of mono 16 kHz audio, shaped (BANDS, len(audio) // HOP_SAMPLES), about -1 to 2.

    ``audio`` must be longer than half a window (200 samples). Takes about 1 ms for each second.
    """
    half = WINDOW_SAMPLES // 2
    padded = np.pad(audio.astype(np.float32, copy=False), half, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES][
        : len(audio) // HOP_SAMPLES
    ]
    spectrum = np.fft.rfft(frames * _window(), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    mel = np.log10(np.maximum(power @ _filters(), 1e-10))
    mel = np.maximum(mel, mel.max() - DYNAMIC_RANGE)
    return np.ascontiguousarray((mel.T + 4.0) / 4.0, dtype=np.float32)


@cache
def _window() -> NDArray[np.float32]:
    """A Hann window, periodic."""
    return np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)


@cache
def _filters() -> NDArray[np.float32]:
    """Triangles on Slaney's mel scale, each of area 1, shaped (WINDOW_SAMPLES // 2 + 1, BANDS)."""
    edges = _mel_to_hz(np.linspace(0.0, _hz_to_mel(SAMPLE_RATE / 2), BANDS + 2))
    bins = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * 2.0 / (edges[2:] - edges[:-2])).astype(np.float32)


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
