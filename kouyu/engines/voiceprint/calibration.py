"""What the similarity (cosine) of two voiceprints means; each encoder has a calibration of its own.

Short speech gives unsteady voiceprints: the similarity of a voice to itself is lower, and so is the best threshold.
"""

from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from kouyu.engines.voiceprint.same_speaker import SameSpeaker

Numbers: TypeAlias = NDArray[np.float64]

EVEN_SCORE: Final = 40.0
"""The score at which the same and a different speaker are equally likely, given equal priors: the protocol's default
for ``voice_print_config.score``."""


class Calibration(msgspec.Struct, frozen=True):
    """Converts the similarities of one encoder to scores, and to decisions of the speaker gate."""

    constants: tuple[float, ...]
    """Coefficients of ``terms``: a logistic regression, fitted by ``evals.voiceprint --tune``."""
    same_speaker: SameSpeaker

    def score(self, cosine: Numbers, speech_s: Numbers, enrolled_s: Numbers) -> Numbers:
        """Return the score that two voiceprints are of one speaker, 0 to 100. Arrays of one shape, or numbers.

        ``speech_s`` and ``enrolled_s``: how much speech each was made of, in seconds, without pauses.
        """
        odds = np.exp(np.clip(log_odds(cosine, speech_s, enrolled_s, self.constants), -50, 50)) * EVEN_SCORE
        return np.asarray(100.0 * odds / (odds + 100.0 - EVEN_SCORE))


def log_odds(cosine: Numbers, speech_s: Numbers, enrolled_s: Numbers, constants: tuple[float, ...]) -> Numbers:
    """The natural logarithm of the odds that both are of one speaker."""
    return np.asarray(terms(cosine, speech_s, enrolled_s) @ np.array(constants))


def terms(cosine: Numbers, speech_s: Numbers, enrolled_s: Numbers) -> Numbers:
    """The terms of the regression, shaped (..., len(constants))."""
    cosine, speech, enrolled = np.broadcast_arrays(
        np.asarray(cosine, float), 1 / np.clip(speech_s, *_LENGTHS), 1 / np.clip(enrolled_s, *_LENGTHS)
    )
    one = np.ones_like(cosine)
    return np.stack((one, speech, enrolled, cosine, cosine * speech, cosine * enrolled), axis=-1)


_LENGTHS: Final = (0.6, 20.0)
"""Range of the calibration data, in seconds."""
