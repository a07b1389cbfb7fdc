"""The target speaker of a session: none, an enrolled one, or the first to speak (``voice_processing_config``)."""

import logging
from collections.abc import Callable

import numpy as np

from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.inputs import SpeechProbability
from kouyu.domain.configuration import VoiceProcessingConfig
from kouyu.domain.errors import InvalidField
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.session.target_speaker import TargetSpeaker
from kouyu.session.target_voice import EnrolledVoice, TargetVoice
from kouyu.session.vad_pump import VadPump
from kouyu.store.voiceprints import Voiceprints

log = logging.getLogger(__name__)

_FIELD = "data.voice_processing_config.voice_print_feature_id"


class TargetChoice:
    """Follows ``enable_pdns`` and ``voice_print_feature_id``, which may change in the middle of a session."""

    def __init__(
        self,
        encoder: SpeakerEncoder | None,
        voiceprints: Voiceprints,
        *,
        vad_pump: VadPump,
        timeline: AudioTimeline,
        report: Callable[[SpeechProbability], None],
    ) -> None:
        self._encoder = encoder
        self._voiceprints = voiceprints
        self._vad_pump = vad_pump
        self._timeline = timeline
        self._report = report
        self._enrolled: tuple[str, EnrolledVoice] | None = None
        self._followed = VoiceProcessingConfig()

    async def look_up(self, processing: VoiceProcessingConfig) -> None:
        """Look up the target's voiceprint. Raises InvalidField if it is needed and there is none.

        Without ``enable_pdns`` the id has no effect, so it may be unknown here.
        """
        feature_id = processing.voice_print_feature_id
        if not processing.enable_pdns or feature_id is None or self._encoder is None:
            return
        if self._enrolled is None or self._enrolled[0] != feature_id:
            self._enrolled = feature_id, await self._find(feature_id, self._encoder)

    def follow(self, processing: VoiceProcessingConfig) -> None:
        """Apply ``processing`` from the next audio on; does nothing if it has not changed."""
        before, self._followed = self._followed, processing
        if processing == before:
            return
        if not processing.enable_pdns or self._encoder is None:
            if processing.enable_pdns:
                log.info("a client requests voiceprint denoising (enable_pdns), which this server does not have")
            self._vad_pump.hear_only(None)
            return
        known = processing.voice_print_feature_id is not None and self._enrolled is not None
        voice = TargetVoice(self._encoder, self._enrolled[1] if known and self._enrolled is not None else None)
        self._vad_pump.hear_only(
            lambda position: TargetSpeaker(voice, timeline=self._timeline, position=position, report=self._report)
        )

    async def _find(self, feature_id: str, encoder: SpeakerEncoder) -> EnrolledVoice:
        found = await self._voiceprints.voice(feature_id)
        if found is None:
            raise InvalidField(_FIELD, feature_id, "the feature_id of an enrolled voiceprint")
        if found.model != encoder.model:
            raise InvalidField(_FIELD, feature_id, f"a voiceprint that was made with {encoder.model}: enrol it again")
        return EnrolledVoice(np.frombuffer(found.vector, "<f4").astype(np.float32), found.speech_ms / 1000)
