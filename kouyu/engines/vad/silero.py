"""Silero voice activity detection on onnxruntime."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineError
from kouyu.engines.onnx_model import open_onnx_model
from kouyu.engines.vad.engine import State

FILE_NAME: Final = "silero_vad.onnx"
"""In the weight set ``silero-vad``."""

CONTEXT_SAMPLES: Final = 64
"""At 16 kHz the model wants the last samples of the chunk before in front of each chunk."""

HIDDEN: Final = (2, 128)
"""Shape of the recurrent state of one stream."""


class SileroVoiceActivity:
    """A VoiceActivityModel. Its state of a stream is the recurrent state followed by the context, in one array.

    ``weights`` is the folder of the weight set ``silero-vad``. Raises EngineUnavailable when it cannot be loaded.
    Measured on one core: about 0.1 ms for one chunk alone, 0.05 ms per stream in a batch of 32.
    """

    sample_rate: int = 16_000
    chunk_samples: int = 512

    def __init__(self, weights: Path) -> None:
        # A call is too short to be worth more threads.
        self._session = open_onnx_model(
            weights / FILE_NAME, threads=1, purpose="voice activity", weight_set="silero-vad"
        )
        self._rate = np.array(self.sample_rate, dtype=np.int64)

    def initial_state(self) -> State:
        """Silence behind, nothing heard."""
        return np.zeros(HIDDEN[0] * HIDDEN[1] + CONTEXT_SAMPLES, np.float32)

    def infer(self, chunks: Sequence[NDArray[np.float32]], states: Sequence[State]) -> tuple[list[float], list[State]]:
        """Judge one chunk of each stream, all in one call of the model. Raises EngineError."""
        count = len(chunks)
        if count == 0:
            return [], []
        before = np.stack(states)
        hidden = before[:, :-CONTEXT_SAMPLES].reshape(count, *HIDDEN).transpose(1, 0, 2)
        audio = np.concatenate((before[:, -CONTEXT_SAMPLES:], np.stack(chunks)), axis=1, dtype=np.float32)
        try:
            probabilities, hidden = self._session.run(
                None, {"input": audio, "state": np.ascontiguousarray(hidden), "sr": self._rate}
            )
        except Exception as error:  # onnxruntime has no base class for what it raises
            raise EngineError(f"voice activity failed: {error}") from error
        after = np.concatenate(
            (hidden.transpose(1, 0, 2).reshape(count, -1), audio[:, -CONTEXT_SAMPLES:]), axis=1, dtype=np.float32
        )
        return probabilities[:, 0].tolist(), list(after)
