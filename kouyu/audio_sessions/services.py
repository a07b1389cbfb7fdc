"""What audio sessions, and the REST routes for audio, use of the shared services: one struct to hear, one to speak."""

from collections.abc import Callable
from typing import Self

import msgspec

from kouyu.engines.tts.engine import SpeechSynthesizer
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.serving.caller import UNLIMITED, Caller
from kouyu.serving.services import Services
from kouyu.serving.transcribing import Transcriber


class RecognitionServices(msgspec.Struct, frozen=True, kw_only=True):
    """Finds speech in audio and transcribes it."""

    voice_activity: VoiceActivityDetector
    transcriber: Transcriber
    interim_interval_ms: int
    """Least new audio, in ms, for the next interim transcript."""
    count_audio: Callable[[float], None] = lambda seconds: None
    """Called with the seconds of audio received."""

    @classmethod
    def of(cls, services: Services, caller: Caller = UNLIMITED) -> Self:
        """Those of the server, which count the audio of ``caller``."""
        return cls(
            voice_activity=services.voice_activity,
            transcriber=services.transcriber,
            interim_interval_ms=services.limits.interim_interval_ms,
            count_audio=caller.use.count_audio,
        )


class SynthesisServices(msgspec.Struct, frozen=True, kw_only=True):
    """Speaks."""

    synthesizer: SpeechSynthesizer
    patience_s: float
    """Seconds without progress after which the synthesis of a sentence has failed."""
    count_audio: Callable[[float], None] = lambda seconds: None
    """Called with the seconds of audio sent."""

    @classmethod
    def of(cls, services: Services, caller: Caller = UNLIMITED) -> Self:
        """Those of the server, which count the audio of ``caller``."""
        return cls(
            synthesizer=services.synthesizer,
            patience_s=services.limits.synthesis_s,
            count_audio=caller.use.count_audio,
        )
