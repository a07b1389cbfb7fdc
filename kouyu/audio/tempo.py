"""Time-stretches speech at the same pitch, beyond a voice's own range of speeds."""

from collections.abc import Iterable, Iterator
from typing import Final

import av
import numpy as np

from kouyu.audio.pcm import Samples, joined

_SLOWEST_STAGE: Final = 0.5
"""The slowest speed of one FFmpeg filter; slower speech goes through several."""


class Tempo:
    """Plays a stream of mono samples ``speed`` times as fast (0.1 to 10), through FFmpeg's ``atempo``.

    It works in windows of some 50 ms, and holds about that much back until ``flush``.
    """

    def __init__(self, speed: float, sample_rate: int) -> None:
        self._graph = av.filter.Graph()
        self._source = self._graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono")
        last = self._source
        for stage in _stages(speed):
            tempo = self._graph.add("atempo", f"{stage:.6f}")
            last.link_to(tempo)
            last = tempo
        self._sink = self._graph.add("abuffersink")
        last.link_to(self._sink)
        self._graph.configure()
        self._sample_rate = sample_rate
        self._taken = 0

    def feed(self, samples: Samples) -> Samples:
        """Feed samples; return the output that is ready."""
        if len(samples):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.reshape(1, -1)), "flt", "mono")
            frame.sample_rate = self._sample_rate
            frame.pts = self._taken
            self._taken += len(samples)
            self._source.push(frame)
        return joined(list(self._pull()))

    def flush(self) -> Samples:
        """Return the rest. No feed may follow."""
        self._source.push(None)
        return joined(list(self._pull()))

    def _pull(self) -> Iterator[Samples]:
        while True:
            try:
                frame = self._sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            assert isinstance(frame, av.AudioFrame)
            yield frame.to_ndarray().ravel().astype(np.float32, copy=False)


def stretched(parts: Iterable[Samples], speed: float, sample_rate: int) -> Iterator[Samples]:
    """Consecutive parts of speech ``speed`` times as fast."""
    tempo = Tempo(speed, sample_rate)
    for part in parts:
        yield tempo.feed(part)
    yield tempo.flush()


def _stages(speed: float) -> list[float]:
    """Equal factors whose product is ``speed``, each within the range of one filter."""
    count = 1
    while (stage := float(speed ** (1 / count))) < _SLOWEST_STAGE:
        count += 1
    return [stage] * count
