"""The interface of speaker encoders."""

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.voiceprint.calibration import Calibration
from kouyu.engines.work import Priority

Voiceprint: TypeAlias = NDArray[np.float32]
"""A vector of length 1. The cosine of two, their dot product, is the similarity of the voices."""


class SpeakerEncoder(Protocol):
    """Computes a vector that identifies the speaker, independent of the words."""

    model: str
    """Name and version of the encoder: only voiceprints of the same one can be compared."""
    calibration: Calibration
    """What the similarity of two of its voiceprints means."""

    async def encode(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> Voiceprint:
        """The voiceprint of one speaker's speech.

        ``speech``: mono float32, -1 to 1, at SPEECH_RATE, without long silences (``speech_only`` removes them), not
        empty; more speech, up to some ten seconds, gives a more reliable voiceprint. Raises EngineError if it fails,
        also for empty or silent audio.
        """
        ...

    async def close(self) -> None:
        """Free the engine's resources."""
        ...
