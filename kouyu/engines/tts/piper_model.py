"""Runs a Piper voice (VITS) in parts, so that the first audio comes long before the last.

Phoneme durations and rough frames depend on the whole sentence; the durations are changed between them to get the
speed right. The flow (rough frames to frames) and the decoder
(frames to samples) depend on neighbouring frames alone: so both run over a few frames at first, then over more, with
the same samples as result. The first audio of a clause of 1.5 s comes after 44 ms instead of 160 with one thread, after
37 instead of 107 with two; of a sentence of 4 s after 69 and 51.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineUnavailable
from kouyu.engines.tts.model_session import ModelSession
from kouyu.engines.tts.onnx_parts import cut_at, cut_before
from kouyu.engines.tts.phoneme_durations import durations_at
from kouyu.model_files.onnx_messages import BadModel

FRAME: Final = 256
"""Samples of a frame."""

SURROUNDINGS: Final = 12
"""Frames on each side that a frame's samples depend on: with as many the difference is 1e-6, with 8 it is 1e-3."""

FLOW_SURROUNDINGS: Final = 32
"""Rough frames on each side that a frame depends on: the flow is 16 convolutions of five one after the other."""

FLOW_FRAMES: Final = 160
"""Frames that one run of the flow makes, except the first; more if few would be left."""

FIRST_FRAMES: Final = 14
"""0.16 s."""

MOST_FRAMES: Final = 160
"""1.9 s: more urgent work runs after each part."""

_DURATIONS: Final = "/Mul_1_output_0"
"""(1, 1, phonemes): the predicted duration of each phoneme in frames, not rounded up yet."""

_ENCODING: Final = "/enc_p/encoder/Mul_2_output_0"
"""The encoded phonemes from which durations and rough frames are made."""

_ROUGH: Final = "/Add_output_0"
_MASK: Final = "/Cast_2_output_0"
"""Inputs of the flow: rough frames, and the mask of frames that belong to the sentence."""

_DECODER: Final = "dec.conv_pre.weight"


class PiperModel:
    """A loaded voice. ``threads`` threads work on a call. Its methods block.

    Raises EngineUnavailable when onnxruntime or the file is missing; the text names the weight set.
    """

    def __init__(self, file: Path, *, threads: int, weight_set: str) -> None:
        try:
            before, behind = cut_at(file.read_bytes(), (_ROUGH, _MASK))
            durations, rough = cut_at(before, (_DURATIONS, _ENCODING))
            parts = cut_before(behind, _DECODER)
        except (OSError, BadModel) as error:
            raise EngineUnavailable(
                f"{file} cannot be loaded ({error}); try: kouyu models fetch {weight_set}"
            ) from error
        self._between = parts.between
        self._durations_of = ModelSession(durations, threads=threads, weight_set=weight_set)
        self._rough_of = ModelSession(rough, threads=threads, weight_set=weight_set)
        self._frames_of = ModelSession(parts.first, threads=threads, weight_set=weight_set)
        self._sound_of = ModelSession(parts.second, threads=threads, weight_set=weight_set)

    def speak(
        self, phonemes: list[int], scales: NDArray[np.float32], speed: float = 1.0
    ) -> Iterator[NDArray[np.float32]]:
        """The samples of a sentence in consecutive parts, the first a short one.

        ``phonemes``: ids. ``scales``: noise, length, and noise of the lengths. Raises EngineError.
        """
        ids = np.array([phonemes], np.int64)
        lengths = np.array([ids.shape[1]], np.int64)
        inputs: dict[str, NDArray[Any]] = {"input": ids, "input_lengths": lengths, "scales": scales}
        predicted, encoded = self._durations_of.run_all(inputs)
        whole = durations_at(predicted.reshape(-1), speed)
        rough, mask = self._rough_of.run_all({**inputs, _DURATIONS: whole.reshape(predicted.shape), _ENCODING: encoded})
        count = rough.shape[2]
        frames = np.zeros((1, rough.shape[1], 0), np.float32)
        begin, size = 0, FIRST_FRAMES
        while begin < count:
            # A short last part would need its surrounding frames once more.
            end = count if count - begin < size + FIRST_FRAMES else begin + size
            before, behind = max(0, begin - SURROUNDINGS), min(count, end + SURROUNDINGS)
            if frames.shape[2] < behind:
                frames = np.concatenate((frames, self._more_frames(rough, mask, frames.shape[2], behind)), axis=2)
            samples = self._sound_of.samples({self._between: frames[:, :, before:behind]})
            yield samples[(begin - before) * FRAME : (end - before) * FRAME]
            begin, size = end, min(2 * size, MOST_FRAMES)

    def _more_frames(
        self, rough: NDArray[np.float32], mask: NDArray[np.float32], begin: int, needed: int
    ) -> NDArray[np.float32]:
        """The frames from ``begin`` on, up to ``needed`` at least."""
        count = rough.shape[2]
        end = needed if begin == 0 else max(needed, begin + FLOW_FRAMES)
        if count - end < 2 * FLOW_SURROUNDINGS:
            end = count
        before, behind = max(0, begin - FLOW_SURROUNDINGS), end + FLOW_SURROUNDINGS
        frames = self._frames_of.run({_ROUGH: rough[:, :, before:behind], _MASK: mask[:, :, before:behind]})
        return frames[:, :, begin - before : end - before]
