"""Finds where speech begins and ends in a recording, by level: the reference points of latencies."""

from typing import Final

import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.domain.speech_rate import SPEECH_RATE

FRAME_MS: Final = 5
BELOW_LOUDEST_DB: Final = 40.0
"""Frames further below the loudest one are not speech: a vowel's decay, the breath after it."""
QUIETEST_DBFS: Final = -60.0
"""Frames below this level are never speech."""


class NoSpeech(ValueError):
    """The recording is silent."""


def speech_bounds(samples: Samples) -> tuple[int, int]:
    """The first sample of speech, and the one after the last; frames of 5 ms. Mono, at SPEECH_RATE.

    Raises NoSpeech.
    """
    size = SPEECH_RATE * FRAME_MS // 1000
    whole = len(samples) // size * size
    frames = samples[:whole].reshape(-1, size).astype(np.float64)
    level = 10 * np.log10(np.mean(frames * frames, axis=1) + 1e-12)
    if not len(level) or level.max() < QUIETEST_DBFS:
        raise NoSpeech("there is no speech in the recording")
    loud = np.flatnonzero(level >= max(level.max() - BELOW_LOUDEST_DB, QUIETEST_DBFS))
    return int(loud[0]) * size, (int(loud[-1]) + 1) * size
