"""Pads an utterance for Whisper with noise at the level of its own background.

With digital silence as padding the background noise of a microphone stops abruptly, and Whisper then sometimes drops
soft first words.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE

FRAME: Final = SPEECH_RATE // 100
QUIETEST: Final = 0.05
"""The share of the frames, the quietest, taken as background noise."""
LONGEST_S: Final = 30


def with_pause(audio: NDArray[np.float32], seconds: float) -> NDArray[np.float32]:
    """Pad ``audio`` (mono, 16 kHz, 10 ms at least) to ``seconds`` with white noise at the level of its quietest 10 ms;
    with silence if those are digital silence. The same audio gives the same samples."""
    missing = int(seconds * SPEECH_RATE) - len(audio)
    if missing <= 0:
        return audio
    return np.concatenate((audio, _noise()[:missing] * _quietest(audio)))


def _quietest(audio: NDArray[np.float32]) -> np.float32:
    """The level of the background noise, as root mean square."""
    frames = audio[: len(audio) // FRAME * FRAME].reshape(-1, FRAME)
    levels = np.sort(np.sqrt(np.square(frames).mean(axis=1)))
    return np.float32(levels[int(len(levels) * QUIETEST)])


@cache
def _noise() -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(LONGEST_S * SPEECH_RATE, np.float32)
