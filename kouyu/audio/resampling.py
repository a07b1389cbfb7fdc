"""Changes the sample rate of a stream, piece by piece, without clicks between pieces.

Two resamplers. soxr is the cheaper one, but outputs audio in bursts: fed with 20 ms pieces its delay is 37 ms (48 kHz
to 16 kHz) to 115 ms (8 kHz to 16 kHz), which does not matter for replies but does for user audio. PromptResampler's
delay is 1.5 to 3 ms, and it outputs as much as comes in.
"""

from functools import lru_cache
from math import ceil, gcd
from typing import Protocol

import msgspec
import numpy as np
import soxr

from kouyu.audio.pcm import Samples, joined

_ZERO_CROSSINGS = 24
"""Zero crossings of the filter's sinc on each side; they set the transition band: 0.09 of the lower rate."""
_KAISER_BETA = 7.0
"""Stop band 72 dB down."""
_CUT_OFF = 0.91
"""Middle of the transition band, in parts of half the lower rate."""
_SHORTEST_PERIOD = 20
"""Least outputs computed by one row of the matrix product; fewer rows are faster up to about here."""
_LONGEST_PERIOD = 1_024
"""Rates with a longer common period, whose matrix would take megabytes, are left to soxr."""
_PIECE = 65_536
"""Inputs processed at once, which bounds the memory for a whole file in one piece."""


class Resampler(Protocol):
    """Converts samples from one rate to another."""

    def feed(self, samples: Samples) -> Samples:
        """Feed samples; return the output that is ready."""
        ...

    def flush(self) -> Samples:
        """Return the rest; the next feed begins a new stream. In all, n samples give n * to / from, rounded."""
        ...


def open_prompt_resampler(from_rate: int, to_rate: int) -> Resampler:
    """Open the resampler with the least delay, for the user's audio."""
    if from_rate == to_rate:
        return SameRate()
    common = gcd(from_rate, to_rate)
    if max(from_rate, to_rate) // common > _LONGEST_PERIOD:
        return SoxrResampler(from_rate, to_rate)
    return PromptResampler(from_rate, to_rate)


def open_resampler(from_rate: int, to_rate: int) -> Resampler:
    """Open the resampler with the least cost, for audio that is made faster than it is played."""
    return SameRate() if from_rate == to_rate else SoxrResampler(from_rate, to_rate)


class SameRate:
    """A Resampler between equal rates."""

    def feed(self, samples: Samples) -> Samples:
        """The same samples."""
        return samples

    def flush(self) -> Samples:
        """Nothing is ever held back."""
        return joined([])


class SoxrResampler:
    """soxr's stream, quality HQ."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality="HQ")

    def feed(self, samples: Samples) -> Samples:
        """Feed samples; return what soxr has ready: often nothing, then a burst."""
        ready: Samples = self._stream.resample_chunk(samples)
        return ready

    def flush(self) -> Samples:
        """The rest."""
        rest: Samples = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        self._stream.clear()
        return rest


class _Filter(msgspec.Struct, frozen=True):
    """A windowed-sinc low-pass as a matrix: ``reach + inputs + reach`` input samples times it are ``outputs`` outputs.

    The rates are to one another as ``inputs`` is to ``outputs``; output j lies at input position j * inputs / outputs.
    """

    matrix: Samples
    inputs: int
    outputs: int
    reach: int


@lru_cache(maxsize=32)
def _filter(from_rate: int, to_rate: int) -> _Filter:
    """The filter between two rates (Hz), shared by all streams."""
    common = gcd(from_rate, to_rate)
    repeats = ceil(_SHORTEST_PERIOD * common / to_rate)
    inputs, outputs = repeats * from_rate // common, repeats * to_rate // common
    cut_off = min(1.0, to_rate / from_rate)
    reach = ceil(_ZERO_CROSSINGS / cut_off)
    position = np.arange(outputs) * inputs / outputs
    distance = np.arange(inputs + 2 * reach)[:, None] - reach - position[None, :]
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (distance / reach) ** 2, 0, None))) * (abs(distance) <= reach)
    matrix = np.sinc(cut_off * _CUT_OFF * distance) * window
    return _Filter((matrix / matrix.sum(axis=0)).astype(np.float32), inputs, outputs, reach)


class PromptResampler:
    """A polyphase filter as matrix products: returns at once all output that the input so far determines.

    Its delay is ``_ZERO_CROSSINGS`` samples of the lower rate: 1.5 ms at 16 kHz, 3 ms at 8 kHz.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self._filter = _filter(from_rate, to_rate)
        self._start()

    def feed(self, samples: Samples) -> Samples:
        """Feed samples; return the output that is ready: over a steady stream as long as the input."""
        return joined([self._feed(samples[at : at + _PIECE]) for at in range(0, len(samples), _PIECE)])

    def flush(self) -> Samples:
        """The last milliseconds."""
        rest = self._feed(np.zeros(self._filter.reach, np.float32))
        self._start()
        return rest

    def _start(self) -> None:
        # The input from ``reach`` before the current period on, and how many of the period's outputs were given.
        self._held = np.zeros(self._filter.reach, np.float32)
        self._given = 0

    def _feed(self, samples: Samples) -> Samples:
        period = self._filter
        held = np.concatenate((self._held, samples))
        inside = len(held) - 2 * period.reach
        ready = max(0, -(-inside * period.outputs // period.inputs))
        if ready <= self._given:
            self._held = held
            return joined([])
        whole = inside // period.inputs
        tail = held[whole * period.inputs :]
        begun = ready - whole * period.outputs
        pieces = [self._periods(held, whole)] if whole else []
        pieces.append(tail @ period.matrix[: len(tail), :begun])
        output = joined(pieces)[self._given :]
        self._held, self._given = tail.copy(), begun
        return output

    def _periods(self, held: Samples, count: int) -> Samples:
        """The outputs of the first ``count`` whole periods: overlapping spans of the input times the matrix."""
        period = self._filter
        step = held.strides[0]
        # ndarray's constructor: numpy's as_strided takes longer than the product.
        spans: Samples = np.ndarray((count, len(period.matrix)), np.float32, held, strides=(period.inputs * step, step))
        outputs: Samples = (spans @ period.matrix).ravel()
        return outputs
