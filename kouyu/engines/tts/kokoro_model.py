"""Runs Kokoro's network in parts, so that the first audio comes long before the last.

Nine tenths of its time go into the generator, which turns frames into samples. As published it needs the whole clause:
it normalises every channel over all frames, a third of which are silence. But its normalisation statistics hardly
differ between the clauses of a voice: means by a fiftieth of a standard deviation, deviations by 0.3 dB. So they are
measured once for each voice, on a clause that is not played, and passed to the generator from then on. A frame's
samples then depend on a few frames on each side: silence is left out, and the rest is made in parts. The level of
that clause is measured too, so that all voices can be brought to one level.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.tts.kokoro_parts import FRAMES, SOURCE, measuring_part_of, parts_of
from kouyu.engines.tts.learnt_voices import LearntVoice, speech_level
from kouyu.engines.tts.model_session import ModelSession
from kouyu.model_files.onnx_messages import BadModel

SAMPLE_RATE: Final = 24_000

FRAME: Final = 300
"""Samples of a frame: 12.5 ms."""

SURROUNDINGS: Final = 6
"""Frames on each side that a frame's samples depend on: more changes less than rounding does."""

SEAM: Final = 1
"""Frames of the cross-fade between parts, which differ by rounding, about 1 % of full scale."""

FIRST_FRAMES: Final = 32
"""0.4 s."""

GROWTH: Final = 1.5
"""Length of each part relative to the one before, during whose playout it is done, even on one busy core."""

MOST_FRAMES: Final = 160
"""2 s: more urgent work runs after each part."""

_SOURCES: Final = 60
"""Columns of the source for each frame."""

_AROUND_SPEECH: Final = 4
"""Frames played before and behind those with energy: 3 were audible at most."""

Styles = Mapping[str, NDArray[np.float32]]
"""Style table by voice: (row for the number of phonemes, 1, 256)."""


class _Clause(msgspec.Struct, frozen=True):
    """What the sound of a clause is made of. The frames from ``begin`` to ``end`` can be heard, the others not."""

    frames: NDArray[np.float32]
    source: NDArray[np.float32]
    begin: int
    end: int


class KokoroModel:
    """The loaded network with its voices. ``threads`` threads work on a call. Its methods block.

    Raises EngineUnavailable when onnxruntime or the file is missing; the text names the weight set.
    """

    def __init__(self, file: Path, styles: Styles, *, threads: int, weight_set: str) -> None:
        self._file = file
        self._threads = threads
        self._weight_set = weight_set
        self._styles = styles
        self._learnt: dict[str, LearntVoice] = {}
        self._learning = threading.Lock()
        self._measuring: ModelSession | None = None
        """Measures voices; opened for the first one and closed after the last, since it takes 90 MB."""
        try:
            parts = parts_of(file)
        except (OSError, BadModel) as error:
            raise EngineUnavailable(
                f"{file} cannot be loaded ({error}); try: kouyu models fetch {weight_set}"
            ) from error
        self.fingerprint = parts.fingerprint
        """Different for another model, or another way of running it."""
        self._statistics = parts.statistics
        self._frames_of = self._open(parts.front)
        self._sound_of = self._open(parts.sound)

    def learnt(self, voice: str) -> LearntVoice | None:
        """What has been measured of a voice; None if nothing has."""
        return self._learnt.get(voice)

    def remember(self, voice: str, learnt: LearntVoice) -> None:
        """Take over what was measured of a voice before."""
        self._learnt[voice] = learnt

    def learn(self, voice: str, phonemes: Sequence[int]) -> LearntVoice:
        """Measure a voice on a clause of some 3 s. Takes 1 s, for the first voice 2; nothing for one that is known."""
        with self._learning:
            if voice in self._learnt:
                return self._learnt[voice]
            style = self._style(voice, phonemes)
            clause = self._clause(phonemes, style)
            if self._measuring is None:
                self._measuring = self._open(measuring_part_of(self._file))
            samples, *values = self._measuring.run_all({FRAMES: clause.frames, SOURCE: clause.source, "style": style})
            statistics = dict(zip(self._statistics, values, strict=True))
            self._learnt[voice] = LearntVoice(statistics, speech_level(samples.reshape(-1), FRAME))
            if self._learnt.keys() >= self._styles.keys():
                self._measuring = None
            return self._learnt[voice]

    def speak(self, phonemes: Sequence[int], voice: str, *, whole: bool = False) -> Iterator[NDArray[np.float32]]:
        """Yield the samples of a clause in consecutive parts, the first a short one; with ``whole`` in one.

        ``phonemes``: ids. The voice's statistics must be known. Raises EngineError.
        """
        style = self._style(voice, phonemes)
        learnt = self._learnt[voice].statistics
        clause = self._clause(phonemes, style)
        count = clause.frames.shape[2]

        def sound(begin: int, end: int) -> NDArray[np.float32]:
            left, right = max(0, begin - SURROUNDINGS), min(count, end + SURROUNDINGS)
            part = {
                FRAMES: clause.frames[:, :, left:right],
                SOURCE: clause.source[:, :, left * _SOURCES : right * _SOURCES + 1],
                "style": style,
            }
            samples = self._sound_of.samples({**part, **learnt})
            return samples[(begin - left) * FRAME : (end - left) * FRAME]

        if whole:
            yield sound(clause.begin, clause.end)
        else:
            yield from _in_parts(sound, clause.begin, clause.end)

    def _open(self, model: bytes) -> ModelSession:
        return ModelSession(model, threads=self._threads, weight_set=self._weight_set)

    def _style(self, voice: str, phonemes: Sequence[int]) -> NDArray[np.float32]:
        rows = self._styles[voice]
        row: NDArray[np.float32] = rows[min(len(phonemes), len(rows)) - 1]
        return row.reshape(1, -1)

    def _clause(self, phonemes: Sequence[int], style: NDArray[np.float32]) -> _Clause:
        frames, source, energy = self._frames_of.run_all(
            {"tokens": np.array([[0, *phonemes, 0]], np.int64), "style": style, "speed": np.ones(1, np.float32)}
        )
        return _Clause(frames, source, *_heard(energy.reshape(-1)))


def _heard(energy: NDArray[np.float32]) -> tuple[int, int]:
    """First and last frame that can be heard, with some silence on both sides; all if none has any energy."""
    loud = np.flatnonzero(energy > 0)
    if not len(loud):
        return 0, len(energy)
    return max(0, int(loud[0]) - _AROUND_SPEECH), min(len(energy), int(loud[-1]) + 1 + _AROUND_SPEECH)


def _in_parts(sound: Callable[[int, int], NDArray[np.float32]], begin: int, end: int) -> Iterator[NDArray[np.float32]]:
    """The frames from ``begin`` to ``end``."""
    size = float(FIRST_FRAMES)
    fading = np.zeros(0, np.float32)
    while begin < end:
        # A short last part would need its surrounding frames once more.
        behind = end if end - begin < size + FIRST_FRAMES / 2 else begin + int(size)
        samples = _joined(fading, sound(begin, behind if behind == end else behind + SEAM))
        yield samples[: (behind - begin) * FRAME]
        fading = samples[(behind - begin) * FRAME :]
        begin, size = behind, min(size * GROWTH, MOST_FRAMES)


def _joined(before: NDArray[np.float32], samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cross-fade the beginning of ``samples`` with the end of the part before."""
    count = min(len(before), len(samples))
    share = np.linspace(0.0, 1.0, count, dtype=np.float32)
    mixed = before[:count] * (1 - share) + samples[:count] * share
    return np.concatenate((mixed, samples[count:]))
