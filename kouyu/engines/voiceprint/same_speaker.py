"""Decides from the similarity of two voiceprints whether it is the same speaker, for the speaker gate."""

from typing import Final

import msgspec
import numpy as np

LONGEST_S: Final = 1.6
"""Most speech that is compared at once."""

_KNOWN_S: Final = 3.0
_KNOWN_RANGE_S: Final = (0.5, 8.0)


class SameSpeaker(msgspec.Struct, frozen=True):
    """Similarity thresholds of one encoder: higher with more speech and with less noise."""

    speech_s: tuple[float, ...]
    least: tuple[float, ...]
    """The least similarity for ``speech_s`` of speech, against the voiceprint of 3 s of speech."""
    per_doubling: float
    """Increase of the threshold for each doubling of the enrolled speech."""
    clearness_db: tuple[float, ...]
    noise_costs: tuple[float, ...]
    """Decrease of the threshold for ``clearness_db``: noise in the compared speech that the voiceprint was made
    without."""
    deviation: float
    """Standard deviation of the similarities of one speaker's speech of about a second: the unit of leads."""

    def lead(self, similarity: float, speech_s: float, known_s: float, clearness_db: float | None = None) -> float:
        """Return by how many standard deviations the similarity exceeds the least one of the same speaker."""
        return (similarity - self.least_similarity(speech_s, known_s, clearness_db)) / self.deviation

    def least_similarity(self, speech_s: float, known_s: float, clearness_db: float | None = None) -> float:
        """The least cosine for "same speaker", with ``speech_s`` of speech and a voiceprint made of ``known_s``.

        ``clearness_db``: signal-to-noise ratio of the speech (after noise suppression), if the voiceprint was made
        elsewhere; None if it was made in the same noise.
        """
        base = np.interp(speech_s, self.speech_s, self.least)
        known = self.per_doubling * np.log2(np.clip(known_s, *_KNOWN_RANGE_S) / _KNOWN_S)
        noise = 0.0 if clearness_db is None else np.interp(clearness_db, self.clearness_db, self.noise_costs)
        return float(base + known - noise)
