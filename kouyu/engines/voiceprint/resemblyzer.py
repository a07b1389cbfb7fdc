"""The speaker encoder of Resemblyzer (GE2E: an LSTM of three layers) on onnxruntime."""

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.declaration import Engine, EngineContext, NoOptions
from kouyu.engines.scheduler import CancelToken
from kouyu.engines.voiceprint.calibration import Calibration
from kouyu.engines.voiceprint.onnx_encoder import OnnxSpeakerEncoder
from kouyu.engines.voiceprint.resemblyzer_features import mel_windows
from kouyu.engines.voiceprint.same_speaker import SameSpeaker
from kouyu.weights import cache

WEIGHT_SET: Final = "voiceprint"

WINDOWS_AT_ONCE: Final = 16
"""Windows in one call of the model, so that a long enrolment can be cancelled between calls."""

CALIBRATION: Final = Calibration(
    constants=(-13.77, -0.76, 4.74, 16.84, 3.49, -2.31),
    same_speaker=SameSpeaker(
        speech_s=(0.1, 0.3, 0.5, 0.8, 1.2, 1.6),
        least=(0.49, 0.55, 0.615, 0.677, 0.715, 0.74),
        per_doubling=0.035,
        clearness_db=(10.0, 22.0, 27.0, 32.0, 40.0),
        noise_costs=(0.26, 0.18, 0.08, 0.02, 0.0),
        deviation=0.06,
    ),
)
"""Measured on six synthetic voices; the gate's thresholds are 0.04 below the point of equal errors."""


class ResemblyzerEncoder(OnnxSpeakerEncoder):
    """A SpeakerEncoder with vectors of 256, none of them negative. On one core 30 ms for 3 s of speech.

    The model, 6 MB, is loaded in 25 ms.
    """

    weight_set: ClassVar = WEIGHT_SET
    file_name: ClassVar = "speaker_encoder.onnx"
    model: str = "resemblyzer-0.1.4"
    calibration: Calibration = CALIBRATION

    def _voiceprint(self, speech: NDArray[np.float32], token: CancelToken | None) -> NDArray[np.float32]:
        windows = mel_windows(speech)
        parts = [
            self._run(np.ascontiguousarray(windows[:, begin : begin + WINDOWS_AT_ONCE]), token)
            for begin in range(0, windows.shape[1], WINDOWS_AT_ONCE)
        ]
        mean: NDArray[np.float32] = np.concatenate(parts).mean(axis=0)
        return mean


async def _load(context: EngineContext, _: NoOptions) -> ResemblyzerEncoder:
    """Create the encoder; its model is read at the first call."""
    return ResemblyzerEncoder(context.scheduler, cache.folder(WEIGHT_SET))


ENGINE: Final = Engine(name="resemblyzer", kind="voiceprint", load=_load, weights=lambda _: (WEIGHT_SET,))
