"""What the speaker encoders on onnxruntime share: the model, opened at the first call, and its failures."""

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.errors import EngineError
from kouyu.engines.onnx_model import open_onnx_model
from kouyu.engines.scheduler import CancelToken, Priority, Scheduler
from kouyu.engines.voiceprint.calibration import Calibration
from kouyu.engines.voiceprint.engine import Voiceprint


class OnnxSpeakerEncoder(ABC):
    """A SpeakerEncoder whose network is one ONNX model with one input and one output.

    The model is read on the first call, so a server that does not use voiceprints pays nothing for them.
    """

    weight_set: ClassVar[str]
    file_name: ClassVar[str]
    model: str
    calibration: Calibration

    def __init__(self, scheduler: Scheduler, weights: Path) -> None:
        """``weights`` is the folder of the weight set."""
        self._scheduler = scheduler
        self._file = weights / self.file_name
        self._opening = threading.Lock()
        self._session: Any = None

    async def encode(self, speech: NDArray[np.float32], priority: Priority = Priority.FINAL) -> Voiceprint:
        """The voiceprint of one speaker's speech, on a worker.

        ``speech``: mono float32, -1 to 1, at SPEECH_RATE. Raises EngineError; EngineUnavailable if the weights are
        missing.
        """
        return await self._scheduler.run(lambda token: self.voiceprint(speech, token), priority)

    def voiceprint(self, speech: NDArray[np.float32], token: CancelToken | None = None) -> Voiceprint:
        """As ``encode``, on the calling thread."""
        if not speech.any():
            raise EngineError("the audio is empty or silent: no voiceprint can be computed")
        return _unit(self._voiceprint(speech, token))

    async def close(self) -> None:
        """Free the model."""
        self._session = None

    @abstractmethod
    def _voiceprint(self, speech: NDArray[np.float32], token: CancelToken | None) -> NDArray[np.float32]:
        """The voiceprint of any length, of speech that is not silent."""

    def _run(self, features: NDArray[np.float32], token: CancelToken | None) -> NDArray[np.float32]:
        """One call of the model, unless the work was cancelled."""
        if token is not None:
            token.check()
        session = self._opened()
        try:
            made: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: features})[0]
        except Exception as error:  # onnxruntime has no base class for what it raises
            raise EngineError(f"voiceprint failed: {error}") from error
        return made

    def _opened(self) -> Any:
        with self._opening:
            if self._session is None:
                # A call is too short to be worth more threads.
                self._session = open_onnx_model(self._file, threads=1, weight_set=self.weight_set)
            return self._session


def _unit(vector: NDArray[np.float32]) -> Voiceprint:
    length = np.linalg.norm(vector)
    if not length > 0:
        raise EngineError("the voiceprint is empty: the audio is not speech")
    scaled: Voiceprint = (vector / length).astype(np.float32)
    return scaled
