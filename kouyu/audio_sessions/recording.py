"""Transcribes a whole recording, for uploaded files: no live results."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import msgspec

from kouyu.audio.pcm import Samples
from kouyu.audio_sessions.segments import Segment, Segmenter, SegmentRules
from kouyu.audio_sessions.services import RecognitionServices
from kouyu.domain.configuration import AsrConfig
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.asr.windows import cut_at_pauses
from kouyu.engines.scheduler import Priority
from kouyu.engines.vad.detector import Judgement
from kouyu.serving.transcribing import TranscriptionRequest, as_configured
from kouyu.text.joining import appended

_RULES: Final = SegmentRules(pause_ms=800, longest_ms=3_600_000)
"""One sentence or two at a time. On 20 English and 16 Mandarin sentences Whisper base then got every word right; joined
up to 28 s it had 3 to 6 % of them wrong, and took twice as long. Speech without a pause is cut further below."""
_JUDGED_AT_ONCE: Final = 30 * SPEECH_RATE


class HeardSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a recording with its text, which is never empty. Times are seconds from the recording's beginning."""

    start_s: float
    end_s: float
    text: str
    language: str
    """ISO 639-1."""


_AS_IT_IS: Final = as_configured(AsrConfig())


async def transcribe_recording(
    services: RecognitionServices,
    audio: Samples,
    how: TranscriptionRequest = _AS_IT_IS,
    priority: Priority = Priority.BATCH,
) -> str:
    """Transcribe ``audio`` (mono, SPEECH_RATE); "" if it contains no speech. Raises EngineError.

    Runs at a lower priority than conversations, if no other is given: about a tenth of the audio's length on an idle
    machine.
    """
    text = ""
    async with aclosing(heard_segments(services, audio, how, priority)) as segments:
        async for segment in segments:
            text = appended(text, segment.text)
    return text


async def heard_segments(
    services: RecognitionServices, audio: Samples, how: TranscriptionRequest, priority: Priority = Priority.BATCH
) -> AsyncGenerator[HeardSegment, None]:
    """Transcribe ``audio`` segment by segment, as ``transcribe_recording``; voice activity gives the times."""
    for segment in await _speech(services, audio):
        start = segment.start
        for window in cut_at_pauses(audio[segment.start : segment.end]):
            text, language = await services.transcriber.transcribed(window, how, priority, final=True)
            end = start + len(window)
            if text:
                yield HeardSegment(start_s=start / SPEECH_RATE, end_s=end / SPEECH_RATE, text=text, language=language)
            start = end


async def _speech(services: RecognitionServices, audio: Samples) -> list[Segment]:
    """The segments that contain speech."""
    segmenter = Segmenter(_RULES)
    stream = services.voice_activity.open()
    try:
        judgements: list[Judgement] = []
        for start in range(0, len(audio), _JUDGED_AT_ONCE):
            judgements += await stream.feed(audio[start : start + _JUDGED_AT_ONCE])
        judgements += await stream.flush()
    finally:
        stream.close()
    found = [segmenter.feed(judgement.end, judgement.probability) for judgement in judgements]
    return [segment for segment in (*found, segmenter.finish()) if segment is not None]
