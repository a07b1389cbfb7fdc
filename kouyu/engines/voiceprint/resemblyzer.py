"""The speaker encoder of Resemblyzer (GE2E: an LSTM of three layers) on onnxruntime."""

import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.declaration import Engine, EngineContext, NoOptions
from kouyu.engines.errors import EngineError
from kouyu.engines.onnx_model import open_onnx_model
from kouyu.engines.scheduler import CancelToken, Priority, Scheduler
from kouyu.engines.voiceprint.engine import Voiceprint
from kouyu.engines.voiceprint.features import mel_windows
from kouyu.weights import cache

WEIGHT_SET: Final = "voiceprint"
FILE_NAME: Final = "speaker_encoder.onnx"

WINDOWS_AT_ONCE: Final = 16
"""Windows in one call of the model, so that a long enrolment can be cancelled between calls."""


class ResemblyzerEncoder:
    """A SpeakerEncoder with vectors of 256, none of them negative. On one core 30 ms for 3 s of speech.

    ``weights`` is the folder of the weight set ``voiceprint``. The model, 6 MB, is loaded in 25 ms on the first call,
    so a server that does not use voiceprints pays nothing for them.
    """

    model: str = "resemblyzer-0.1.4"

    def __init__(self, scheduler: Scheduler, weights: Path) -> None:
        self._scheduler = scheduler
        self._file = weights / FILE_NAME
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
        windows = mel_windows(speech)
        session = self._opened()
        parts = []
        for begin in range(0, windows.shape[1], WINDOWS_AT_ONCE):
            if token is not None:
                token.check()
            batch = np.ascontiguousarray(windows[:, begin : begin + WINDOWS_AT_ONCE])
            try:
                parts.append(session.run(None, {"mels": batch})[0])
            except Exception as error:  # onnxruntime has no base class for what it raises
                raise EngineError(f"voiceprint failed: {error}") from error
        return unit(np.concatenate(parts).mean(axis=0))

    async def close(self) -> None:
        """Do nothing: memory is freed with the object."""

    def _opened(self) -> Any:
        """The model, opened at the first call."""
        with self._opening:
            if self._session is None:
                # A call is too short to be worth more threads.
                self._session = open_onnx_model(self._file, threads=1, weight_set=WEIGHT_SET)
            return self._session


def unit(vector: NDArray[np.float32]) -> Voiceprint:
    """Scale the vector to length 1."""
    length = np.linalg.norm(vector)
    if not length > 0:
        raise EngineError("the voiceprint is empty: the audio is not speech")
    scaled: Voiceprint = (vector / length).astype(np.float32)
    return scaled


async def _load(context: EngineContext, _: NoOptions) -> ResemblyzerEncoder:
    """Create the encoder; its model is read at the first call."""
    return ResemblyzerEncoder(context.scheduler, cache.folder(WEIGHT_SET))


ENGINE: Final = Engine(name="resemblyzer", kind="voiceprint", load=_load, weights=lambda _: (WEIGHT_SET,))
