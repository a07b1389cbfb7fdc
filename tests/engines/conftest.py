from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from kouyu.weights.cache import folder

Speak: TypeAlias = Callable[[str], NDArray[np.float32]]


@pytest.fixture(scope="session")
def speak() -> Speak:
    """Makes English speech: mono float32 at 16 kHz. Needs the weight set ``piper-joe``, so mark the test ``models``.

    Without the chance in Piper's voices: the same text gives the same samples, in whichever order tests run.
    """
    from piper import PiperVoice, SynthesisConfig

    voice = PiperVoice.load(folder("piper-joe") / "en_US-joe-medium.onnx")
    even = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)

    @cache
    def speak(text: str) -> NDArray[np.float32]:
        spoken = np.concatenate([chunk.audio_float_array for chunk in voice.synthesize(text, even)])
        audio: NDArray[np.float32] = soxr.resample(spoken, voice.config.sample_rate, 16_000).astype(np.float32)
        return audio

    return speak
