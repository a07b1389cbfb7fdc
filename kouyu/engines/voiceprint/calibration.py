"""Converts the similarity (cosine) of two voiceprints to a score of 0 to 100, calibrated for the amount of speech.

Short speech gives unsteady voiceprints: the similarity of a voice to itself is lower, and so is the best threshold. The
score is 40, the protocol's default for ``voice_print_config.score``, where the same and a different speaker are equally
likely.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]

CONSTANTS: Final[Numbers] = np.array([-13.77, -0.76, 4.74, 16.84, 3.49, -2.31])
"""Coefficients of ``terms``: a logistic regression on the synthetic speakers of ``evals.voiceprint``; its ``--tune``
fits them again."""

EVEN_SCORE: Final = 40.0
"""The score at which the same and a different speaker are equally likely, given equal priors."""


def score(cosine: Numbers, speech_s: Numbers, enrolled_s: Numbers) -> Numbers:
    """Return the score that two voiceprints are of one speaker, 0 to 100. Arrays of one shape, or numbers.

    ``speech_s`` and ``enrolled_s``: how much speech each was made of, in seconds, without pauses.
    """
    odds = np.exp(np.clip(log_odds(cosine, speech_s, enrolled_s, CONSTANTS), -50, 50)) * EVEN_SCORE
    return np.asarray(100.0 * odds / (odds + 100.0 - EVEN_SCORE))


def log_odds(cosine: Numbers, speech_s: Numbers, enrolled_s: Numbers, constants: Numbers) -> Numbers:
    """The natural logarithm of the odds that both are of one speaker."""
    return np.asarray(terms(cosine, speech_s, enrolled_s) @ constants)


def terms(cosine: Numbers, speech_s: Numbers, enrolled_s: Numbers) -> Numbers:
    """The terms of the regression, shaped (..., len(constants))."""
    cosine, speech, enrolled = np.broadcast_arrays(
        np.asarray(cosine, float), 1 / np.clip(speech_s, *_LENGTHS), 1 / np.clip(enrolled_s, *_LENGTHS)
    )
    one = np.ones_like(cosine)
    return np.stack((one, speech, enrolled, cosine, cosine * speech, cosine * enrolled), axis=-1)


_LENGTHS: Final = (0.6, 20.0)
"""Range of the calibration data, in seconds."""
