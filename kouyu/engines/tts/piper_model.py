"""The network of a Piper voice (VITS), run so that the first sound is there long before the last.

From phonemes to what each frame shall sound like takes a third of the time, and needs all of the sentence; from there
to samples takes the rest, and needs only a few frames on each side. So the second half runs over a few frames at first,
then over more: the first sound of a sentence of 1.7 s comes after 44 ms instead of 88 with two threads, after 63
instead of 145 with one, and the samples are the same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.onnx_fields import BadModel
from kouyu.engines.tts.model_session import ModelSession
from kouyu.engines.tts.onnx_parts import cut_before

FRAME: Final = 256
"""Samples of a frame."""

SURROUNDINGS: Final = 12
"""Frames on each side that a frame's samples depend on: with as many the difference is 1e-6, with 8 it is 1e-3."""

FIRST_FRAMES: Final = 14
"""0.16 s."""

MOST_FRAMES: Final = 160
"""1.9 s: after each part more urgent work gets its turn."""

_DECODER: Final = "dec.conv_pre.weight"


class PiperModel:
    """A loaded voice. ``threads`` threads work on a call. Its methods block.

    Raises EngineUnavailable when onnxruntime or the file is missing; the text names the weight set.
    """

    def __init__(self, file: Path, *, threads: int, weight_set: str) -> None:
        try:
            parts = cut_before(file.read_bytes(), _DECODER)
        except (OSError, BadModel) as error:
            raise EngineUnavailable(
                f"{file} cannot be loaded ({error}); try: kouyu models fetch {weight_set}"
            ) from error
        self._between = parts.between
        self._frames_of = ModelSession(parts.first, threads=threads, weight_set=weight_set)
        self._sound_of = ModelSession(parts.second, threads=threads, weight_set=weight_set)

    def speak(self, phonemes: list[int], scales: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """The samples of a sentence in consecutive parts, the first a short one.

        ``phonemes``: ids. ``scales``: noise, length, and noise of the lengths. Raises EngineError.
        """
        ids = np.array([phonemes], np.int64)
        lengths = np.array([ids.shape[1]], np.int64)
        frames = self._frames_of.run({"input": ids, "input_lengths": lengths, "scales": scales})
        count = frames.shape[2]
        begin, size = 0, FIRST_FRAMES
        while begin < count:
            # A short rest would cost its surroundings once more.
            end = count if count - begin < size + FIRST_FRAMES else begin + size
            before, behind = max(0, begin - SURROUNDINGS), end + SURROUNDINGS
            samples = self._sound_of.samples({self._between: frames[:, :, before:behind]})
            yield samples[(begin - before) * FRAME : (end - before) * FRAME]
            begin, size = end, min(2 * size, MOST_FRAMES)
