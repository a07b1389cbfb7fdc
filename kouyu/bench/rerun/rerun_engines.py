"""The engines of a rerun, as the settings choose them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from kouyu.assembly.engine_loading import load_recognizer, load_synthesizer, load_turn_judge, load_voice_activity
from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.limits import Limits
from kouyu.engines.scheduler import Scheduler
from kouyu.engines.tts.engine import SpeechSynthesizer
from kouyu.engines.turn.engine import TurnJudge
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.serving.transcribing import Transcriber
from kouyu.settings import Settings
from kouyu.text.transcript import TranscriptFinisher


class RerunEngines(msgspec.Struct, frozen=True, kw_only=True):
    """What a rerun asks instead of the record, and the limits of the conversation."""

    voice_activity: VoiceActivityDetector
    transcriber: Transcriber
    turn_judge: TurnJudge | None
    synthesizer: SpeechSynthesizer
    limits: Limits

    def offered(self, recorded: Capabilities) -> Capabilities:
        """The recorded capabilities with today's voices."""
        voices = tuple(voice.voice_id for voice in self.synthesizer.voices())
        kept = recorded.default_voice_id in voices
        default = recorded.default_voice_id if kept else next(iter(voices), "")
        return msgspec.structs.replace(recorded, voice_ids=voices, default_voice_id=default)


@asynccontextmanager
async def open_engines(settings: Settings) -> AsyncIterator[RerunEngines]:
    """Load the engines. Raises EngineUnavailable and WeightsError."""
    scheduler = Scheduler(settings.engines.workers)
    try:
        voice_activity = await load_voice_activity(settings.engines, scheduler)
        recognizer = await load_recognizer(settings.engines, scheduler)
        turn_judge = await load_turn_judge(settings.engines, scheduler)
        synthesizer = await load_synthesizer(settings.engines, scheduler)
        try:
            yield RerunEngines(
                voice_activity=voice_activity,
                transcriber=Transcriber(recognizer, TranscriptFinisher()),
                turn_judge=turn_judge,
                synthesizer=synthesizer,
                limits=settings.limits,
            )
        finally:
            for engine in (synthesizer, turn_judge, recognizer, voice_activity):
                await engine.close()
    finally:
        await scheduler.close()
