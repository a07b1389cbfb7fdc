"""How much of what a microphone hears is what was played a moment before."""

from typing import Final, NamedTuple

import numpy as np

from kouyu.audio.pcm import Samples

ECHO_RATE: Final = 8000
"""Hz. Speech has its energy below 4 kHz, and the comparison costs a quarter of what it does at 16 kHz."""

_TAPS_BEFORE: Final = 8
_TAPS_AFTER: Final = 72
"""Samples around the best delay whose echoes count too: 1 ms before it, for a delay between two samples, and 9 ms after
it, for the nearest walls."""
_WORTH_A_LOOK: Final = 0.1
_REGULARISATION: Final = 1e-3


class Echo(NamedTuple):
    """What was found."""

    share: float
    """Of the microphone's energy, what the played sound explains: 0 to 1."""
    delay: int
    """Samples from the end of what was played to the end of its echo."""


def find_echo(heard: Samples, played: Samples) -> Echo:
    """The echo of ``played`` in ``heard``, at whatever delay explains most. Mono at ECHO_RATE.

    Both end at the same time; ``played`` is longer, by the longest delay. Blocking: about 1 ms for 0.2 s against 1.4 s.
    """
    energy = float(heard @ heard)
    if energy <= 0.0 or not played.any():
        return Echo(0.0, 0)
    at = _best_match(heard, played)
    if at is None:
        return Echo(0.0, 0)
    return Echo(_explained(heard, played, at, energy), len(played) - len(heard) - at)


def _best_match(heard: Samples, played: Samples) -> int | None:
    """Where in ``played`` the sound begins that is most like ``heard``; None where nothing is."""
    size = 1 << (len(played) + len(heard) - 1).bit_length()
    spectrum = np.fft.rfft(played, size) * np.conj(np.fft.rfft(heard, size))
    likeness = np.fft.irfft(spectrum, size)[: len(played) - len(heard) + 1]
    squares = np.concatenate(([0.0], np.cumsum(played.astype(np.float64) ** 2)))
    energies = squares[len(heard) :] - squares[: len(squares) - len(heard)]
    # An echo of almost nothing explains nothing.
    energies = np.maximum(energies, 1e-3 * energies.max())
    match = likeness * likeness / (energies * float(heard @ heard))
    best = int(match.argmax())
    return best if match[best] >= _WORTH_A_LOOK else None


def _explained(heard: Samples, played: Samples, at: int, energy: float) -> float:
    """Least squares over the taps around the best match, from correlations alone."""
    padded = np.concatenate((np.zeros(_TAPS_AFTER, np.float32), played, np.zeros(_TAPS_BEFORE, np.float32)))
    count = _TAPS_AFTER + _TAPS_BEFORE
    window = padded[at : at + len(heard) + count - 1].astype(np.float64)
    size = 1 << (len(window) + count).bit_length()
    spectrum = np.fft.rfft(window, size)
    itself = np.fft.irfft(np.abs(spectrum) ** 2, size)[:count] * (len(heard) / len(window))
    itself[0] *= 1 + _REGULARISATION
    lags = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    target = np.correlate(window, heard.astype(np.float64), "valid")
    explained = float(target @ np.linalg.solve(itself[lags], target))
    return min(1.0, max(0.0, explained / energy))
