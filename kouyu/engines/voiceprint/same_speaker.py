"""Similarity thresholds for "same speaker": higher with more speech and with less noise.

Measured with Resemblyzer's encoder on six synthetic voices, against the voiceprint of 3 s of the same speaker's speech.
The equal error rate is 22 % for 0.3 s of speech, 13 % for 0.8 s and 9 % for 1.6 s. The thresholds here are 0.04 below
that point: to reject the right speaker is worse than to accept another voice.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.protocol.speech_rate import SPEECH_RATE

LONGEST_S: Final = 1.6
"""Most speech that is compared at once: one window of the encoder."""

_SPEECH_S: Final = (0.1, 0.3, 0.5, 0.8, 1.2, 1.6)
_LIKENESS: Final = (0.49, 0.55, 0.615, 0.677, 0.715, 0.74)
_KNOWN_S: Final = 3.0
_PER_DOUBLING: Final = 0.035
"""Increase of the threshold for each doubling of the enrolled speech."""
_MOST_KNOWN_S: Final = 8.0

_CLEARNESS_DB: Final = (10.0, 22.0, 27.0, 32.0, 40.0)
_NOISE_COSTS: Final = (0.26, 0.18, 0.08, 0.02, 0.0)
"""Decrease of the threshold for noise in the compared speech that the voiceprint was made without."""


def least_similarity(speech_s: float, known_s: float, clearness_db: float | None = None) -> float:
    """The least cosine for "same speaker", with ``speech_s`` of speech and a voiceprint made of ``known_s``.

    ``clearness_db``: signal-to-noise ratio of the speech (after noise suppression), if the voiceprint was made
    elsewhere; None if it was made in the same noise.
    """
    base = np.interp(speech_s, _SPEECH_S, _LIKENESS)
    known = _PER_DOUBLING * np.log2(min(max(known_s, 0.5), _MOST_KNOWN_S) / _KNOWN_S)
    noise = 0.0 if clearness_db is None else np.interp(clearness_db, _CLEARNESS_DB, _NOISE_COSTS)
    return float(base + known - noise)


def filled(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    """Repeat speech shorter than a window of the encoder to fill it: silence would be compared, too."""
    length = int(LONGEST_S * SPEECH_RATE)
    return np.resize(speech, length) if len(speech) < length else speech
