"""The interface of VAD models: the probability that a short chunk of audio holds speech."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

State: TypeAlias = NDArray[np.float32]
"""The model's state between the chunks of one stream. Opaque to other code."""


class VoiceActivityModel(Protocol):
    """A VAD model that scores chunks of many streams in one call.

    It is called on the event loop, so a call has to take only microseconds per stream, on one thread.
    """

    sample_rate: int
    """Hz."""
    chunk_samples: int
    """Samples in one chunk."""

    def initial_state(self) -> State:
        """Return the state of a stream before its first chunk."""
        ...

    def infer(self, chunks: NDArray[np.float32], states: Sequence[State]) -> tuple[list[float], list[State]]:
        """Return speech probabilities (0 to 1) and the next states, one per stream, in the order given.

        ``chunks`` is shaped (streams, chunk_samples). Raises EngineError.
        """
        ...
