"""Runs Kokoro's network in parts, so that the first audio comes long before the last.

Nine tenths of its time go into the generator, which turns frames into samples. As published it needs the whole clause:
it normalises every channel over all frames, a third of which are silence. But its normalisation statistics hardly
differ between the clauses of a voice: means by a fiftieth of a standard deviation, deviations by 0.3 dB. So they are
measured once for each voice, on a clause that is not played, and passed to the generator from then on. A frame's
samples then depend on a few frames on each side: silence is left out, and the rest is made in parts.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.tts.edges import is_quiet
from kouyu.engines.tts.model_session import ModelSession
from kouyu.engines.tts.onnx_convolutions import int8_matmul_is_exact, with_products
from kouyu.engines.tts.onnx_parts import cut_at, outputs_of
from kouyu.model_files.onnx_messages import BadModel

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

_FRAMES: Final = "/decoder/decoder/decode.3/Div_4_output_0"
"""(1, 512, frames): the features of each frame."""

_SOURCE: Final = "/decoder/decoder/generator/Concat_3_output_0"
"""(1, 22, 60 a frame and one more): the spectrum of a hum at the right pitch."""

_SOURCES: Final = 60

_DURATIONS: Final = "/encoder/Clip_output_0"
"""The duration of each phoneme, in pairs of frames."""

_FRAMES_OF_DURATION: Final = 2

_BEFORE_SPEECH: Final = 12
"""Frames by which speech may begin before the first phoneme: 12 were measured at most, 45 at half speed."""

_BEHIND_SPEECH: Final = 36
"""Frames of silence at the end of a clause; a single syllable, and faster speech, have fewer."""

_QUIET_FRAMES: Final = 8
"""Silent frames that end the speech near its expected end: 0.1 s, longer than a stop consonant inside a word."""

Styles = Mapping[str, NDArray[np.float32]]
"""Style table by voice: (row for the number of phonemes, 1, 256)."""

_Statistics = Mapping[str, NDArray[np.float32]]
"""The generator's normalisation statistics by tensor."""


class KokoroModel:
    """The loaded network with its voices. ``threads`` threads work on a call. Its methods block.

    Raises EngineUnavailable when onnxruntime or the file is missing; the text names the weight set.
    """

    def __init__(self, file: Path, styles: Styles, *, threads: int, weight_set: str) -> None:
        self._file = file
        self._threads = threads
        self._weight_set = weight_set
        self._styles = styles
        self._learnt: dict[str, _Statistics] = {}
        self._learning = threading.Lock()
        try:
            front, measuring, sound, self._statistics = _parts_of(file)
        except (OSError, BadModel) as error:
            raise EngineUnavailable(
                f"{file} cannot be loaded ({error}); try: kouyu models fetch {weight_set}"
            ) from error
        self._measuring: bytes | None = measuring
        """The measuring model; None after the first voice, since most servers use only one."""
        self._frames_of = self._open(front)
        self._sound_of = self._open(sound)

    def knows(self, voice: str) -> bool:
        """Whether this voice's statistics have been measured."""
        return voice in self._learnt

    def learn(self, voice: str, phonemes: Sequence[int]) -> None:
        """Measure a voice's statistics on a clause of some 3 s. Takes 1 s; does nothing if they are known."""
        with self._learning:
            if self.knows(voice):
                return
            style = self._style(voice, phonemes)
            frames, source, _ = self._frames(phonemes, style, 1.0)
            measuring = self._open(self._measuring or _parts_of(self._file)[1])
            self._measuring = None
            values = measuring.run_all({_FRAMES: frames, _SOURCE: source, "style": style})
            self._learnt[voice] = dict(zip(self._statistics, values, strict=True))

    def speak(
        self, phonemes: Sequence[int], voice: str, *, speed: float, whole: bool = False
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the samples of a clause in consecutive parts, the first a short one; with ``whole`` in one.

        ``phonemes``: ids. The voice's statistics must be known. Raises EngineError.
        """
        style = self._style(voice, phonemes)
        frames, source, durations = self._frames(phonemes, style, speed)
        count = frames.shape[2]

        def sound(begin: int, end: int) -> NDArray[np.float32]:
            left, right = max(0, begin - SURROUNDINGS), min(count, end + SURROUNDINGS)
            part = {
                _FRAMES: frames[:, :, left:right],
                _SOURCE: source[:, :, left * _SOURCES : right * _SOURCES + 1],
                "style": style,
            }
            samples = self._sound_of.samples({**part, **self._learnt[voice]})
            return samples[(begin - left) * FRAME : (end - left) * FRAME]

        begin, end = _spoken(durations, count, speed)
        if whole:
            yield sound(begin, count)
        else:
            yield from _in_parts(sound, begin, end, count)

    def _open(self, model: bytes) -> ModelSession:
        return ModelSession(model, threads=self._threads, weight_set=self._weight_set)

    def _style(self, voice: str, phonemes: Sequence[int]) -> NDArray[np.float32]:
        rows = self._styles[voice]
        row: NDArray[np.float32] = rows[min(len(phonemes), len(rows)) - 1]
        return row.reshape(1, -1)

    def _frames(
        self, phonemes: Sequence[int], style: NDArray[np.float32], speed: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Frames, source, and the duration of each phoneme and of the silence before and behind."""
        tokens = np.array([[0, *phonemes, 0]], np.int64)
        frames, source, durations = self._frames_of.run_all(
            {"tokens": tokens, "style": style, "speed": np.array([speed], np.float32)}
        )
        return frames, source, durations.reshape(-1)


def _parts_of(file: Path) -> tuple[bytes, bytes, bytes, list[str]]:
    """Split the model: phonemes to frames, frames to statistics, both to samples; and the statistics' names."""
    model = file.read_bytes()
    front, generator = cut_at(with_products(model) if int8_matmul_is_exact() else model, (_FRAMES, _SOURCE, _DURATIONS))
    statistics = outputs_of(generator, "ReduceMean")
    return (front, *cut_at(generator, statistics), statistics)


def _spoken(durations: NDArray[np.float32], count: int, speed: float) -> tuple[int, int]:
    """First and last frame of speech, with some silence on both sides; it may end later."""
    first = int(durations[0]) * _FRAMES_OF_DURATION
    before = max(_BEFORE_SPEECH / 2, _BEFORE_SPEECH / speed**2)
    return max(0, first - round(before)), max(first, count - round(_BEHIND_SPEECH / max(speed, 1.0)))


def _in_parts(
    sound: Callable[[int, int], NDArray[np.float32]], begin: int, end: int, count: int
) -> Iterator[NDArray[np.float32]]:
    """The frames from ``begin`` on, until it is silent at ``end``, else until ``count``."""
    size = float(FIRST_FRAMES)
    fading = np.zeros(0, np.float32)
    while begin < end:
        # A short last part would need its surrounding frames once more.
        behind = end if end - begin < size + FIRST_FRAMES / 2 else begin + int(size)
        samples = _joined(fading, sound(begin, min(behind + SEAM, count)))
        yield samples[: (behind - begin) * FRAME]
        fading = samples[(behind - begin) * FRAME :]
        if behind == end and not is_quiet(samples[-_QUIET_FRAMES * FRAME :], FRAME):
            end = count
        begin, size = behind, min(size * GROWTH, MOST_FRAMES)


def _joined(before: NDArray[np.float32], samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cross-fade the beginning of ``samples`` with the end of the part before."""
    count = min(len(before), len(samples))
    share = np.linspace(0.0, 1.0, count, dtype=np.float32)
    mixed = before[:count] * (1 - share) + samples[:count] * share
    return np.concatenate((mixed, samples[count:]))
