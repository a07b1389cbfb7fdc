"""The target's voiceprint for voiceprint denoising: enrolled, or learnt from the first speech of the session."""

import logging
from typing import Final

import msgspec
import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.engines.voiceprint.engine import SpeakerEncoder, Voiceprint
from kouyu.engines.voiceprint.same_speaker import LONGEST_S

log = logging.getLogger(__name__)

LEARNT_FROM_S: Final = 2.4
"""Seconds of first speech that are enough for a voiceprint."""
LEARNT_UNTIL_S: Final = 8.0
"""Seconds of speech up to which more speech of the same speaker improves the voiceprint."""
COMPARED_FROM_S: Final = 0.8
"""Seconds of speech from which two stretches can be compared for being of one speaker."""
_SURE: Final = 0.8
"""The lead, in standard deviations, from which speech is used for learning."""
_NEW_S: Final = 0.6
"""Seconds of new speech after which the voiceprint is computed again."""


class EnrolledVoice(msgspec.Struct, frozen=True):
    """A voiceprint enrolled before, from ``speech_s`` seconds of speech."""

    voiceprint: Voiceprint
    speech_s: float


class TargetVoice:
    """Holds the target's voiceprint and compares speech with it."""

    def __init__(self, encoder: SpeakerEncoder, enrolled: EnrolledVoice | None) -> None:
        self._encoder = encoder
        self._same_speaker = encoder.calibration.same_speaker
        self._enrolled = enrolled
        self._voiceprint = None if enrolled is None else enrolled.voiceprint
        self._learnt: list[Samples] = []
        self._stretch: list[Samples] = []
        """First speech since the last pause, whose speaker is not determined yet."""
        self._failed = False

    @property
    def known(self) -> bool:
        """Whether there is a voiceprint to compare with."""
        return self._voiceprint is not None

    async def hear_first(self, speech: Samples) -> None:
        """Add a part of the session's first speech, while there is no voiceprint."""
        self._stretch.append(speech)
        if _seconds(self._stretch) >= COMPARED_FROM_S and _seconds(self._stretch) + self._learnt_s >= LEARNT_FROM_S:
            await self._learn_stretch()

    async def pause(self) -> None:
        """End the current stretch at a pause: another speaker may speak next."""
        if self._stretch and not self.known:
            await self._learn_stretch()

    async def _learn_stretch(self) -> None:
        """Learn from the latest stretch, unless its speaker is not the one of the first stretch."""
        stretch, self._stretch = np.concatenate(self._stretch), []
        if self._learnt_s < COMPARED_FROM_S:
            self._learnt = [stretch]
        elif len(stretch) >= COMPARED_FROM_S * SPEECH_RATE and await self._is_of_the_first(stretch):
            self._learnt.append(stretch)
        if self._learnt_s >= LEARNT_FROM_S:
            await self._make()

    async def _is_of_the_first(self, stretch: Samples) -> bool:
        first, other = await self._encode(np.concatenate(self._learnt)), await self._encode(stretch)
        if first is None or other is None:
            return False
        return self._same_speaker.lead(float(first @ other), len(stretch) / SPEECH_RATE, self._learnt_s) >= 0

    async def lead(self, speech: Samples, clearness_db: float) -> float | None:
        """Return by how many standard deviations ``speech`` is more similar than the target's own speech at least is.

        None: no comparison was possible. ``clearness_db``: signal-to-noise ratio of the speech.
        """
        if self._voiceprint is None or not len(speech):
            return None
        longest = round(LONGEST_S * SPEECH_RATE)
        speech = speech[-longest:]
        made = await self._encode(speech)
        if made is None:
            return None
        similarity, speech_s = float(made @ self._voiceprint), len(speech) / SPEECH_RATE
        if self._enrolled is None:
            return self._same_speaker.lead(similarity, speech_s, self._learnt_s)
        return self._same_speaker.lead(similarity, speech_s, self._enrolled.speech_s, clearness_db)

    async def hear_more(self, speech: Samples, lead: float | None) -> bool:
        """Learn from speech that was passed on, given its lead. Returns whether the voiceprint changed; an enrolled one
        never does."""
        worth = lead is not None and lead >= _SURE and len(speech) >= _NEW_S * SPEECH_RATE
        if self._enrolled is not None or not worth or self._learnt_s >= LEARNT_UNTIL_S:
            return False
        self._learnt.append(speech)
        await self._make()
        return True

    @property
    def _learnt_s(self) -> float:
        return _seconds(self._learnt)

    async def _make(self) -> None:
        made = await self._encode(np.concatenate(self._learnt))
        if made is not None:
            self._voiceprint = made

    async def _encode(self, speech: Samples) -> Voiceprint | None:
        try:
            return await self._encoder.encode(speech)
        except EngineError as error:
            if not self._failed:
                log.warning("no voiceprint could be made, so all speakers are let through: %s", error)
            self._failed = True
            return None


def _seconds(pieces: list[Samples]) -> float:
    return sum(map(len, pieces)) / SPEECH_RATE
