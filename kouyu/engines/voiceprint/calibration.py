"""From the cosine of two voiceprints to a score of 0 to 100 that means the same however much speech there was.

Short speech gives unsteady voiceprints: one voice is less like itself, and the cosine that best tells it from others is
lower. The score is 40, the protocol's default for ``voice_print_config.score``, where a same and a different speaker
are equally likely.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]

CONSTANTS: Final[Numbers] = np.array([-13.77, -0.76, 4.74, 16.84, 3.49, -2.31])
"""Factors of ``terms``: a logistic regression on the synthetic speakers of ``evals.voiceprint``, whose ``--tune`` fits
them anew."""

EVEN_SCORE: Final = 40.0
"""Where a same and a different speaker are equally likely, if they are beforehand."""


def score(cosine: Numbers, speech_s: Numbers, enrolled_s: Numbers) -> Numbers:
    """How surely two voiceprints are of one speaker, 0 to 100. Arrays of one shape, or numbers.

    ``speech_s`` is how much speech the one was made of, ``enrolled_s`` the other; in seconds, without pauses.
    """
    odds = np.exp(np.clip(log_odds(cosine, speech_s, enrolled_s, CONSTANTS), -50, 50)) * EVEN_SCORE
    return np.asarray(100.0 * odds / (odds + 100.0 - EVEN_SCORE))


def log_odds(cosine: Numbers, speech_s: Numbers, enrolled_s: Numbers, constants: Numbers) -> Numbers:
    """The natural logarithm of the odds that both are of one speaker."""
    return np.asarray(terms(cosine, speech_s, enrolled_s) @ constants)


def terms(cosine: Numbers, speech_s: Numbers, enrolled_s: Numbers) -> Numbers:
    """What the constants are factors of, shaped (..., len(constants))."""
    cosine, speech, enrolled = np.broadcast_arrays(
        np.asarray(cosine, float), 1 / np.clip(speech_s, *_LENGTHS), 1 / np.clip(enrolled_s, *_LENGTHS)
    )
    one = np.ones_like(cosine)
    return np.stack((one, speech, enrolled, cosine, cosine * speech, cosine * enrolled), axis=-1)


_LENGTHS: Final = (0.6, 20.0)
"""Seconds: below and above them the calibration has seen nothing."""
