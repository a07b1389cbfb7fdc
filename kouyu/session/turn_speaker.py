"""Who speaks in a turn, found out while its transcript is made, so that nobody waits for it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from kouyu.audio.pcm import Samples
from kouyu.conversation.effects import Transcribe
from kouyu.engines.errors import EngineError
from kouyu.protocol.voice_print import VoicePrint
from kouyu.session.services import Services
from kouyu.session.speakers import speaker_of_turn
from kouyu.store.errors import StoreError

_log = logging.getLogger(__name__)

Speaker: TypeAlias = Callable[[], Awaitable[VoicePrint | None]]
"""Gives who speaks; None for nobody who is known."""

LATEST_S: Final = 0.3
"""How long a transcript that is there waits at most. It takes 20 ms and begins with the transcript, so only a machine
that is far behind comes to this; the turn then has no speaker."""


@asynccontextmanager
async def finding_speaker(services: Services, order: Transcribe, audio: Samples) -> AsyncIterator[Speaker]:
    """Begin to find out who speaks, where ``voice_print_config`` names a group and the utterance may be over.

    What is not asked for within the block is stopped at its end.
    """
    config, encoder = order.configuration.voice_print_config, services.speaker_encoder
    if not (order.final and config.group_id) or encoder is None:
        yield _nobody
        return
    finding = asyncio.create_task(speaker_of_turn(encoder, services.store.voiceprints, config, audio))

    async def found() -> VoicePrint | None:
        try:
            return await asyncio.wait_for(finding, LATEST_S)
        except TimeoutError:
            _log.warning("a turn's speaker was not found in time")
        except (EngineError, StoreError) as error:
            _log.warning("a turn's speaker was not found: %s", error)
        except Exception:  # the boundary to an engine: the turn goes on without a speaker
            _log.exception("the speaker encoder broke")
        return None

    try:
        yield found
    finally:
        finding.cancel()
        await asyncio.gather(finding, return_exceptions=True)


async def _nobody() -> VoicePrint | None:
    return None
