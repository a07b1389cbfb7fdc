"""Gender by the height of the voice."""

import asyncio
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.engines.paralinguistics.pitch import HOP_S, voiced_pitch
from kouyu.protocol.speech_rate import SPEECH_RATE
from kouyu.protocol.user_voice import Gender

MALE_BELOW_HZ: Final = 155.0
FEMALE_ABOVE_HZ: Final = 175.0
"""Between the two it is not told."""

LEAST_VOICED_S: Final = 0.25
"""Less is one syllable, whose melody may be anywhere."""
MOST_SPEECH_S: Final = 8.0
"""The end of longer speech is enough."""
WIDEST_SPREAD: Final = 2.0
"""From the lower to the upper quarter of the frames, as a ratio. A wider one is no single voice, or noise."""


class PitchGender:
    """A GenderRecognizer that compares the median pitch with two limits.

    Children have high voices and count as female. It takes 0.6 ms of processor time for each second of speech.
    """

    async def gender(self, speech: NDArray[np.float32]) -> Gender | None:
        """As the protocol says, in a thread of its own: it is too short to wait for the models' threads."""
        return await asyncio.to_thread(gender_of, speech)


def gender_of(speech: NDArray[np.float32]) -> Gender | None:
    """As ``PitchGender.gender``, on the calling thread."""
    heard = speech[-round(MOST_SPEECH_S * SPEECH_RATE) :]
    # Where a telephone has cut off a low voice's fundamental, its loudness still rises and falls once a period.
    return _judged(voiced_pitch(heard)) or _judged(voiced_pitch(np.abs(heard)))


def _judged(pitch: NDArray[np.float32]) -> Gender | None:
    if len(pitch) * HOP_S < LEAST_VOICED_S:
        return None
    lower, median, upper = np.percentile(pitch, (25, 50, 75))
    if upper > lower * WIDEST_SPREAD:
        return None
    if median < MALE_BELOW_HZ:
        return "male"
    return "female" if median > FEMALE_ABOVE_HZ else None
