"""Smart Turn v3.2 on onnxruntime: predicts from the intonation of the last words whether the turn is over."""

from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.features import log_mel
from kouyu.engines.errors import EngineError
from kouyu.engines.loud_blocks import loud_blocks
from kouyu.engines.onnx_model import open_onnx_model
from kouyu.engines.scheduler import Priority, Scheduler
from kouyu.engines.turn.engine import TURN_SECONDS

WEIGHT_SET: Final = "smart-turn"
FILE_NAME: Final = "smart-turn-v3.2-cpu.onnx"

PAUSE_SAMPLES: Final = SPEECH_RATE // 5
"""200 ms: the silence after the speech that the model gets. The longer it is, the higher the score of any turn."""

WINDOW_SAMPLES: Final = int(SPEECH_RATE * TURN_SECONDS)

_BLOCK: Final = SPEECH_RATE // 50
"""20 ms, over which loudness is measured."""

_SILENT: Final = 1e-7
"""Added to the variance, as in the model's training, so that silence stays finite."""


class SmartTurn:
    """Scores from audio whether a turn is over. Create it with ``load``. A call takes about 45 ms on a free core."""

    def __init__(self, scheduler: Scheduler, weights: Path) -> None:
        """Read the model: about 0.1 s, on the calling thread."""
        # A call is too short to be worth more threads.
        self._session = open_onnx_model(weights / FILE_NAME, threads=1, weight_set=WEIGHT_SET)
        self._scheduler = scheduler

    @classmethod
    async def load(cls, scheduler: Scheduler, weights: Path) -> Self:
        """Read the weight set ``smart-turn`` from its folder and warm up, on a worker.

        Raises EngineUnavailable when it cannot be loaded.
        """
        return await scheduler.run(lambda _: cls._opened(scheduler, weights), Priority.FINAL)

    @classmethod
    def _opened(cls, scheduler: Scheduler, weights: Path) -> Self:
        model = cls(scheduler, weights)
        model.judge(np.zeros(SPEECH_RATE, np.float32))
        return model

    async def completeness(self, audio: NDArray[np.float32]) -> float:
        """The probability, 0 to 1, that the turn is over, on a worker.

        ``audio``: mono float32 at SPEECH_RATE, with the silence behind it, of any length; its last TURN_SECONDS count.
        Raises EngineError.
        """
        return await self._scheduler.run(lambda _: self.judge(audio), Priority.FINAL)

    def judge(self, audio: NDArray[np.float32]) -> float:
        """As ``completeness``, on the calling thread."""
        try:
            (probability,) = self._session.run(None, {"input_features": features(with_short_pause(audio))[None]})
        except Exception as error:  # onnxruntime has no base class for what it raises
            raise EngineError(f"end of turn failed: {error}") from error
        return float(probability[0, 0])


def features(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """The model's input, shaped (80, 800): the log-mel spectrogram of the last TURN_SECONDS.

    Shorter audio is padded with zeros in front; then the whole is normalised to zero mean and unit variance.
    """
    window = np.zeros(WINDOW_SAMPLES, np.float32)
    end = audio[-WINDOW_SAMPLES:]
    window[WINDOW_SAMPLES - len(end) :] = end
    return log_mel((window - window.mean()) / np.sqrt(window.var() + _SILENT))


def with_short_pause(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut the silence after the speech to PAUSE_SAMPLES.

    If noise makes the levels of speech and pauses too similar, nothing is cut.
    """
    blocks = audio[len(audio) % _BLOCK :].reshape(-1, _BLOCK)
    loud = loud_blocks(blocks)
    if loud is None:
        return audio
    silent_blocks = int(np.argmax(loud[::-1]))
    return audio[: len(audio) - max(0, silent_blocks * _BLOCK - PAUSE_SAMPLES)]
