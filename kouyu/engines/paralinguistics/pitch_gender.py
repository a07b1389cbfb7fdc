"""Gender recognition by the pitch of the voice."""

import asyncio
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.domain.user_voice import Gender
from kouyu.engines.paralinguistics.pitch import HOP_S, voiced_pitch

MALE_BELOW_HZ: Final = 155.0
FEMALE_ABOVE_HZ: Final = 175.0
"""Between the two limits there is no decision."""

LEAST_VOICED_S: Final = 0.25
"""Less is one syllable, whose pitch says little."""
MOST_SPEECH_S: Final = 8.0
"""Of longer speech only the end is used."""
WIDEST_SPREAD: Final = 2.0
"""Ratio of the upper to the lower quartile of the frames' pitch. Above it the audio is noise, or several voices."""


class PitchGender:
    """A GenderRecognizer that compares the median pitch with two limits.

    Children have high voices and count as female. Takes 0.6 ms of CPU time per second of speech.
    """

    async def gender(self, speech: NDArray[np.float32]) -> Gender | None:
        """As GenderRecognizer, on a thread outside the scheduler: it is too short to wait for the models."""
        return await asyncio.to_thread(gender_of, speech)


def gender_of(speech: NDArray[np.float32]) -> Gender | None:
    """As ``PitchGender.gender``, on the calling thread."""
    heard = speech[-round(MOST_SPEECH_S * SPEECH_RATE) :]
    # A telephone cuts off a low voice's fundamental, but its envelope still has that period.
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
