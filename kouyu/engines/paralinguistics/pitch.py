"""Estimates the pitch of a voice, frame by frame, by normalised autocorrelation."""

from typing import Final

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE

LOWEST_HZ: Final = 60.0
HIGHEST_HZ: Final = 420.0
HOP_S: Final = 0.01

_RATE: Final = 4_000
"""Hz. The lowest harmonics are enough for the pitch, and most noise lies above them."""
_WINDOW: Final = 120
"""Samples at _RATE that are compared with later ones: 30 ms, two periods of all but the lowest voices."""
_LAGS: Final = (int(_RATE / HIGHEST_HZ), int(np.ceil(_RATE / LOWEST_HZ)) + 1)
_HUM_SPAN: Final = 65
"""Samples at _RATE of the moving mean that is subtracted: it removes hum below a voice."""

_PERIODIC: Final = 0.65
"""Least autocorrelation of a voiced frame at one period; creaky voices reach no more."""
_NEARLY_BEST: Final = 0.95
"""Two periods correlate as well as one. The shortest lag with at least this share of the best autocorrelation is the
period."""
_LOUD_PERCENTILE: Final = 95
_AUDIBLE_DB: Final = 25.0
"""Frames further below the loudest ones are ignored."""

Frames = NDArray[np.float32]


def voiced_pitch(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the pitch in Hz of each voiced frame of 10 ms, LOWEST_HZ to HIGHEST_HZ; empty if none is voiced.

    ``speech``: mono float32 at SPEECH_RATE, of any length.
    """
    low = soxr.resample(speech, SPEECH_RATE, _RATE).astype(np.float32, copy=False)
    span = _WINDOW + _LAGS[1]
    if len(low) < span + _HUM_SPAN:
        return np.zeros(0, np.float32)
    low = low - np.convolve(low, np.full(_HUM_SPAN, 1 / _HUM_SPAN, np.float32), mode="same")
    frames = _audible(sliding_window_view(low, span)[:: round(HOP_S * _RATE)])
    return _pitch(_similarity(frames)) if len(frames) else np.zeros(0, np.float32)


def _audible(frames: Frames) -> Frames:
    power = np.square(frames[:, :_WINDOW]).mean(axis=1)
    loud = np.percentile(power, _LOUD_PERCENTILE)
    heard: Frames = frames[power > max(loud * 10 ** (-_AUDIBLE_DB / 10), 1e-10)]
    return heard


def _similarity(frames: Frames) -> Frames:
    """The normalised autocorrelation of each frame at each lag of _LAGS, -1 to 1; shaped (frames, lags)."""
    begin, end = _LAGS
    now = frames[:, :_WINDOW]
    later = sliding_window_view(frames, _WINDOW, axis=1)[:, begin:end]
    products = np.einsum("fw,flw->fl", now, later)
    running = np.cumsum(np.pad(np.square(frames, dtype=np.float64), ((0, 0), (1, 0))), axis=1)
    energy = running[:, _WINDOW:] - running[:, :-_WINDOW]
    scale = np.sqrt(energy[:, :1] * energy[:, begin:end]) + 1e-12
    similarity: Frames = (products / scale).astype(np.float32)
    return similarity


def _pitch(similarity: Frames) -> NDArray[np.float32]:
    """The pitch of the voiced frames alone."""
    middle = similarity[:, 1:-1]
    peaks = np.where((middle >= similarity[:, :-2]) & (middle > similarity[:, 2:]), middle, -1.0)
    best = peaks.max(axis=1)
    voiced = best >= _PERIODIC
    similarity, peaks, best = similarity[voiced], peaks[voiced], best[voiced]
    lag = np.argmax(peaks >= _NEARLY_BEST * best[:, None], axis=1) + 1
    rows = np.arange(len(lag))
    before, at, after = (similarity[rows, lag + step] for step in (-1, 0, 1))
    # The maximum of the parabola through the three points lies between lags.
    offset = (before - after) / np.minimum(2.0 * (before - 2.0 * at + after), -1e-6)
    pitch: NDArray[np.float32] = (_RATE / (lag + _LAGS[0] + offset)).astype(np.float32)
    return pitch
