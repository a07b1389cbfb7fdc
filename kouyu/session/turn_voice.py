"""Recognises speaker, gender and emotion of a turn's voice in parallel with its transcript, so that it adds no
latency."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from kouyu.audio.pcm import Samples
from kouyu.conversation.effects import Transcribe
from kouyu.domain.user_voice import UNKNOWN_VOICE, UserVoice
from kouyu.engines.errors import EngineError
from kouyu.engines.paralinguistics.engine import EmotionRecognizer, GenderRecognizer
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.serving.speakers import speaker_of_turn
from kouyu.store.errors import StoreError
from kouyu.store.voiceprints import Voiceprints

log = logging.getLogger(__name__)

HeardVoice: TypeAlias = Callable[[], Awaitable[UserVoice]]
"""Returns the results so far."""


class TurnVoice:
    """Recognises the speaker, gender and emotion of a turn, as far as there are engines for them."""

    def __init__(
        self,
        *,
        speaker_encoder: SpeakerEncoder | None,
        voiceprints: Voiceprints,
        gender_recognizer: GenderRecognizer,
        emotion_recognizer: EmotionRecognizer | None,
        latest_s: float,
    ) -> None:
        """``latest_s``: seconds that a finished transcript waits for the results at most.

        Speaker and gender take some 50 ms and start with the transcript, so only an overloaded machine reaches 0.3 s;
        results that are missing then stay unknown.
        """
        self._latest_s = latest_s
        self._speaker_encoder = speaker_encoder
        self._voiceprints = voiceprints
        self._gender_recognizer = gender_recognizer
        self._emotion_recognizer = emotion_recognizer

    @asynccontextmanager
    async def hearing(self, order: Transcribe, audio: Samples) -> AsyncIterator[HeardVoice]:
        """Start to recognise what the configuration asks for, if the transcript is a final one.

        Cancels at the end of the block what is still under way.
        """
        wanted = self._wanted(order, audio) if order.final else ()
        finding = {field: asyncio.create_task(work, name=f"the turn's {field}") for field, work in wanted}

        async def heard() -> UserVoice:
            if not finding:
                return UNKNOWN_VOICE
            await asyncio.wait(finding.values(), timeout=self._latest_s)
            found: dict[str, Any] = {field: _result(field, task) for field, task in finding.items()}
            return UserVoice(**found)

        try:
            yield heard
        finally:
            for task in finding.values():
                task.cancel()
            await asyncio.gather(*finding.values(), return_exceptions=True)

    def _wanted(self, order: Transcribe, audio: Samples) -> Iterator[tuple[str, Coroutine[Any, Any, object]]]:
        """The work to do, by field of UserVoice."""
        voice_print, asr = order.configuration.voice_print_config, order.configuration.asr_config
        if voice_print.group_id and self._speaker_encoder is not None:
            finding = speaker_of_turn(self._speaker_encoder, self._voiceprints, voice_print, audio)
            yield "voice_print", finding
        if asr.enable_gender:
            yield "gender", self._gender_recognizer.gender(audio)
        if asr.enable_emotion and self._emotion_recognizer is not None:
            yield "emotion", self._emotion_recognizer.emotion(audio)


def _result(field: str, task: asyncio.Task[object]) -> object:
    """The task's result; None if it failed or is not finished: the turn goes on without it."""
    if not task.done() or task.cancelled():
        log.warning("recognition of a turn's %s timed out", field)
        return None
    match task.exception():
        case None:
            return task.result()
        case EngineError() | StoreError() as error:
            log.warning("recognition of a turn's %s failed: %s", field, error)
        case broken:  # the boundary to an engine: whatever it raises, the turn goes on
            log.error("unexpected error in recognition of a turn's %s", field, exc_info=broken)
    return None
