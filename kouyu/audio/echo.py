"""Measures how much of a microphone's signal is the echo of audio played shortly before."""

from typing import Final

import msgspec
import numpy as np

from kouyu.audio.pcm import Samples

ECHO_RATE: Final = 8000
"""Hz. Speech has its energy below 4 kHz, and the comparison costs a quarter of what it does at 16 kHz."""

_TAPS_BEFORE: Final = 8
_TAPS_AFTER: Final = 72
"""Samples around the best delay whose echoes count too: 1 ms before it, for a delay between two samples, and 9 ms after
it, for the nearest walls."""
_TAPS: Final = np.arange(_TAPS_BEFORE + _TAPS_AFTER)
_LAGS: Final = np.abs(_TAPS[:, None] - _TAPS)
"""The lag between any two of them."""
_COARSE: Final = 2
"""Decimation of the coarse search: speech has enough energy below 2 kHz to find the delay."""
_FINE: Final = 4
"""Samples on each side of the coarse result that the fine search covers."""
_WORTH_A_LOOK: Final = 0.1
_REGULARISATION: Final = 1e-3


class Echo(msgspec.Struct, frozen=True):
    """The result of an echo search."""

    share: float
    """The share of the microphone's energy that the played audio explains: 0 to 1."""
    delay: int
    """Samples from the end of the played audio to the end of its echo."""


def find_echo(heard: Samples, played: Samples) -> Echo:
    """Find the echo of ``played`` in ``heard``, at the delay that explains most. Mono at ECHO_RATE.

    Both end at the same time; ``played`` is longer, by the longest delay. 0.2 ms for 0.2 s against 1.4 s where there is
    no echo, 0.6 ms where there is.
    """
    energy = float(heard @ heard)
    if energy <= 0.0 or not played.any():
        return Echo(0.0, 0)
    at = _best_match(heard, played)
    if at is None:
        return Echo(0.0, 0)
    return Echo(_explained(heard, played, at, energy), len(played) - len(heard) - at)


def _best_match(heard: Samples, played: Samples) -> int | None:
    """The position in ``played`` that matches ``heard`` best; None if none does."""
    match = _matches(_coarse(heard), _coarse(played))
    found = int(match.argmax())
    if match[found] < _WORTH_A_LOOK:
        return None
    begin = max(0, found * _COARSE - _FINE)
    near = played[begin : found * _COARSE + _FINE + len(heard)]
    return begin + int(np.abs(np.correlate(near, heard, "valid")).argmax())


def _coarse(samples: Samples) -> Samples:
    """Decimate to half the rate; an even number of samples."""
    return samples[0::2] + samples[1::2]


def _matches(heard: Samples, played: Samples) -> Samples:
    """For each position in ``played``: the share of the energy of ``heard`` that the audio from there explains."""
    # The circular wrap-around of this short transform affects only sums that are cut off here.
    size = len(played)
    spectrum = np.fft.rfft(played, size) * np.conj(np.fft.rfft(heard, size))
    similarity: Samples = np.fft.irfft(spectrum, size)[: len(played) - len(heard) + 1].astype(np.float32)
    squares = np.zeros(size + 1)
    np.cumsum(played * played, dtype=np.float64, out=squares[1:])
    energies = (squares[len(heard) :] - squares[: len(squares) - len(heard)]).astype(np.float32)
    # An echo of almost nothing explains nothing.
    np.maximum(energies, 1e-3 * energies.max(), out=energies)
    energies *= max(float(heard @ heard), 1e-12)
    similarity *= similarity
    similarity /= energies
    return similarity


def _explained(heard: Samples, played: Samples, at: int, energy: float) -> float:
    """Least squares over the taps around the best match, from correlations alone."""
    padded = np.concatenate((np.zeros(_TAPS_AFTER, np.float32), played, np.zeros(_TAPS_BEFORE, np.float32)))
    count = len(_TAPS)
    window = padded[at : at + len(heard) + count - 1].astype(np.float64)
    size = 1 << (len(window) + count).bit_length()
    spectrum = np.fft.rfft(window, size)
    itself = np.fft.irfft(np.abs(spectrum) ** 2, size)[:count] * (len(heard) / len(window))
    itself[0] *= 1 + _REGULARISATION
    target = np.correlate(window, heard.astype(np.float64), "valid")
    explained = float(target @ np.linalg.solve(itself[_LAGS], target))
    return min(1.0, max(0.0, explained / energy))
