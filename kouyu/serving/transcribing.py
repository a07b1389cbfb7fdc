"""Transcribes a piece of audio into the text that clients get."""

import asyncio
import logging
from collections.abc import Callable

import msgspec

from kouyu.audio.pcm import Samples
from kouyu.domain.configuration import AsrConfig, InterruptConfig
from kouyu.domain.errors import INTERNAL_MSG
from kouyu.engines.asr.engine import Recognition, RecognitionOptions, SpeechRecognizer
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.serving.recognition import recognition_options
from kouyu.text.transcript import TranscriptFinisher

log = logging.getLogger(__name__)


class TranscriptionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A client's settings for recognition."""

    options: RecognitionOptions = RecognitionOptions()
    asr_config: AsrConfig = AsrConfig()
    """How the text is post-processed."""


def as_configured(asr_config: AsrConfig, interrupt_config: InterruptConfig | None = None) -> TranscriptionRequest:
    """Build the request for ``asr_config``. The interrupt words of ``interrupt_config`` become hot words too."""
    keywords = tuple(interrupt_config.keywords) if interrupt_config is not None else ()
    return TranscriptionRequest(options=recognition_options(asr_config, keywords), asr_config=asr_config)


class Transcriber:
    """Recognises speech and finishes its text."""

    def __init__(self, recognizer: SpeechRecognizer, finisher: TranscriptFinisher) -> None:
        self._recognizer = recognizer
        self._finisher = finisher

    async def transcribed(
        self,
        audio: Samples,
        how: TranscriptionRequest,
        priority: Priority,
        *,
        final: bool,
        learn: Callable[[Recognition], None] | None = None,
    ) -> tuple[str, str]:
        """Return the text of ``audio`` (mono, SPEECH_RATE) and its language, an ISO 639-1 code. Raises EngineError,
        whose text begins with "speech recognition failed".

        ``learn`` gets the recogniser's result before its text is post-processed.
        """
        try:
            recognition = await self._recognizer.recognize(audio, how.options, priority)
            if learn is not None:
                learn(recognition)
            # In a thread: a user who counts to a hundred costs the ITN grammars some 100 ms.
            text = await asyncio.to_thread(
                self._finisher.finish, recognition.text, recognition.language, how.asr_config, final=final
            )
        except EngineError as fault:
            raise EngineError(f"speech recognition failed: {fault}", retryable=fault.retryable) from fault
        except Exception as fault:  # the boundary to an engine and its post-processing: only this piece is lost
            log.exception("unexpected error in speech recognition")
            raise EngineError(f"speech recognition failed: {INTERNAL_MSG}") from fault
        return text, recognition.language
