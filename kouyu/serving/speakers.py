"""Identifies the speaker of a turn among a voiceprint group."""

from typing import Final

import msgspec
import numpy as np

from kouyu.audio.pcm import Samples
from kouyu.domain.configuration import VoicePrintConfig
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.domain.voice_print import VoicePrint
from kouyu.engines.scheduler import Priority
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.engines.voiceprint.pause_removal import speech_only
from kouyu.store.voiceprints import KnownVoice, Voiceprints

LEAST_SPEECH_S: Final = 0.5
"""Least speech for identification, in seconds: a "yes" or "no" is too short, and matches no speaker."""


class RankedVoice(msgspec.Struct, frozen=True):
    """A speaker of a group with their score, 0 to 100."""

    voice: KnownVoice
    score: float


async def ranked_voices(
    encoder: SpeakerEncoder, voiceprints: Voiceprints, group_id: str, audio: Samples, priority: Priority
) -> tuple[RankedVoice, ...]:
    """Return all speakers of a group, highest score first; none if there is too little speech.

    ``audio`` is of one speaker, mono at SPEECH_RATE. Raises EngineError and StoreError.
    """
    voices = [voice for voice in await voiceprints.voices(group_id) if voice.model == encoder.model]
    speech = speech_only(audio)
    seconds = len(speech) / SPEECH_RATE
    if not voices or seconds < LEAST_SPEECH_S or not speech.any():
        return ()
    heard = await encoder.encode(speech, priority)
    known = np.stack([np.frombuffer(voice.vector, "<f4") for voice in voices])
    enrolled_s = np.array([voice.speech_ms / 1000 for voice in voices])
    scores = encoder.calibration.score(known @ heard, np.array(seconds), enrolled_s)
    ranked = map(RankedVoice, voices, scores.tolist())
    return tuple(sorted(ranked, key=lambda one: -one.score))


async def speaker_of_turn(
    encoder: SpeakerEncoder, voiceprints: Voiceprints, config: VoicePrintConfig, audio: Samples
) -> VoicePrint | None:
    """Return the speaker of ``config``'s group with the highest score, if it reaches ``config.score``; else None.

    Raises EngineError and StoreError.
    """
    if not config.group_id:
        return None
    ranked = await ranked_voices(encoder, voiceprints, config.group_id, audio, Priority.FINAL)
    if not ranked or ranked[0].score < config.score:
        return None
    best = ranked[0]
    return VoicePrint(
        group_id=config.group_id,
        feature_id=best.voice.id,
        feature_name=best.voice.name,
        feature_desc=best.voice.description,
        score=round(best.score, 1),
    )
