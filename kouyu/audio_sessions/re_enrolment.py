"""Makes stored voiceprints anew after the speaker encoder was changed, from the speech that was enrolled."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final

from kouyu.audio.errors import UndecodableAudio
from kouyu.audio.wav import decode_audio
from kouyu.engines.errors import EngineError, EngineUnavailable
from kouyu.engines.scheduler import Priority
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.store.errors import StoreError
from kouyu.store.outdated_voiceprints import OutdatedVoiceprint, OutdatedVoiceprints

log = logging.getLogger(__name__)

_MOST_NAMED: Final = 10
"""Ids in one line of the log."""


async def re_enrol(voiceprints: OutdatedVoiceprints, encoder: SpeakerEncoder) -> None:
    """Make every voiceprint of another encoder anew whose recording is kept; the log names the others.

    Runs with the lowest priority. Nobody is compared with a voiceprint of another encoder meanwhile.
    """
    try:
        await _re_enrol(voiceprints, encoder)
    except (StoreError, EngineUnavailable) as error:
        log.warning("voiceprints of another encoder stay unusable: %s", error)


async def _re_enrol(voiceprints: OutdatedVoiceprints, encoder: SpeakerEncoder) -> None:
    outdated = await voiceprints.of_others_than(encoder.model)
    kept = [one for one in outdated if one.has_audio]
    if kept:
        log.info("making %d voiceprints anew with %s from their recordings", len(kept), encoder.model)
        began = time.monotonic()
        failed = [one for one in kept if not await _made_anew(one, voiceprints, encoder)]
        await voiceprints.leave_no_trace()
        log.info("made %d voiceprints anew in %.1f s", len(kept) - len(failed), time.monotonic() - began)
        _name(failed, "could not be made anew from their recordings")
    _name([one for one in outdated if not one.has_audio], "have no recording from which they could be made anew")


async def _made_anew(one: OutdatedVoiceprint, voiceprints: OutdatedVoiceprints, encoder: SpeakerEncoder) -> bool:
    """Whether the voiceprint is one of ``encoder`` now, or nobody needs it any more."""
    audio = await voiceprints.audio(one)
    if audio is None:
        return True
    try:
        speech, _ = await asyncio.to_thread(decode_audio, audio)
        vector = await encoder.encode(speech, Priority.BATCH)
    except EngineUnavailable:
        raise
    except (EngineError, UndecodableAudio) as error:
        log.warning("the voiceprint of feature %s could not be made anew: %s", one.id, error)
        return False
    except Exception:  # the boundary to an engine: whatever it raises, the others are made anew
        log.exception("unexpected error: the voiceprint of feature %s could not be made anew", one.id)
        return False
    await voiceprints.replace(one, model=encoder.model, vector=vector.astype("<f4").tobytes())
    return True


def _name(outdated: Sequence[OutdatedVoiceprint], why: str) -> None:
    if outdated:
        ids = ", ".join(one.id for one in outdated[:_MOST_NAMED]) + (", ..." if len(outdated) > _MOST_NAMED else "")
        log.warning(
            "%d voiceprints of %s %s: these speakers are not recognised until they are enrolled again, or until "
            "[engines] voiceprint names that encoder (features %s)",
            len(outdated),
            ", ".join(sorted({one.model for one in outdated})),
            why,
            ids,
        )
