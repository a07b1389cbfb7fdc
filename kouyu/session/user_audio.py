"""The user's audio: decodes, cleans and stores it, and runs VAD on it, without the agent's own echo."""

from collections.abc import Callable
from typing import Final

from kouyu.audio.pcm import Samples, joined
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.effects import Sounding
from kouyu.conversation.inputs import AudioReceived, Input, PressureChanged, SpeechProbability
from kouyu.conversation.limits import Limits
from kouyu.conversation.push_to_talk import is_push_to_talk
from kouyu.domain.configuration import Configuration, InputAudio, VoiceProcessingConfig
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.denoise.engine import NoiseSuppressor
from kouyu.engines.pressure import Pressure
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.engines.voiceprint.engine import SpeakerEncoder
from kouyu.serving.uplink_decoder import UplinkDecoder
from kouyu.session.echo_guard import EchoGuard
from kouyu.session.noise_suppression import NoiseSuppression
from kouyu.session.recognised_audio import RecognisedAudio
from kouyu.session.target_choice import TargetChoice
from kouyu.session.vad_pump import VadPump
from kouyu.store.voiceprints import Voiceprints

_TAKEN_AT_ONCE_S: Final = 0.2
"""Longest append that is taken in without waiting, so that it stays short work."""


class UserAudio:
    """Processes the user's audio of one session.

    ``configuration`` gives the one in force, ``clock`` the session's time in seconds. ``report`` is called with VAD
    results, ``heard`` with the samples and the position behind them, ``count_audio`` with the seconds that were
    received, ``record`` with the samples as they were decoded. Progress of the audio is coalesced: the caller must
    drain ``untold`` before it passes any other input to the conversation.
    """

    def __init__(
        self,
        *,
        voice_activity: VoiceActivityDetector,
        noise_suppressor: NoiseSuppressor | None,
        speaker_encoder: SpeakerEncoder | None,
        voiceprints: Voiceprints,
        pressure: Pressure,
        limits: Limits,
        configuration: Callable[[], Configuration],
        clock: Callable[[], float],
        report: Callable[[Input], None],
        heard: Callable[[Samples, int], None],
        count_audio: Callable[[float], None] = lambda seconds: None,
        record: Callable[[Samples], None] | None = None,
    ) -> None:
        self._pressure = pressure
        self._configuration = configuration
        self._clock = clock
        self._report = report
        self._heard = heard
        self._count_audio = count_audio
        self._record = record
        self._decoder = UplinkDecoder(configuration().input_audio)
        self._noise_suppression = NoiseSuppression(noise_suppressor)
        self.timeline = AudioTimeline(limits.longest_utterance_ms / 1000 * 1.5)
        self._recognised = RecognisedAudio(self.timeline)
        self.echo_guard = EchoGuard(self.timeline) if limits.ignore_echo else None
        self._undecoded: list[bytes] = []
        self._undecoded_s = 0.0
        self._untold: tuple[AudioReceived, float] | None = None
        self._under_pressure = False
        self._vad_pump = VadPump(
            voice_activity,
            self._judged,
            stopped_sending_grace_ms=limits.stopped_sending_grace_ms,
        )
        self._target = TargetChoice(
            speaker_encoder,
            voiceprints,
            vad_pump=self._vad_pump,
            timeline=self.timeline,
            report=self._judged,
        )

    async def run(self) -> None:
        """Run VAD until cancelled. Raises EngineError when VAD fails."""
        await self._vad_pump.run()

    def take(self, delta: bytes) -> bool:
        """Add encoded audio without waiting; False if it must be given to ``hear``.

        It is decoded when VAD has a result for it, or at ``catch_up``.
        """
        seconds = self._decoder.continued_s(delta)
        if not 0.0 < seconds <= _TAKEN_AT_ONCE_S or not self._vad_pump.has_room:
            return False
        self._undecoded.append(delta)
        self._undecoded_s += seconds
        if self._undecoded_s * SPEECH_RATE >= self._vad_pump.missing:
            self.catch_up()
        return True

    def catch_up(self) -> None:
        """Decode what ``take`` has left, before anything that must come after it."""
        if self._undecoded:
            taken, self._undecoded, self._undecoded_s = self._undecoded, [], 0.0
            self._take(self._decoder.continued(b"".join(taken)))

    async def hear(self, delta: bytes) -> None:
        """Add encoded audio; waits while too much is queued for VAD. Raises ProtocolError if it does not decode."""
        self.catch_up()
        async for samples in self._decoder.decoded(delta):
            self._take(samples)
            await self._vad_pump.room()

    def untold(self) -> tuple[AudioReceived, float] | None:
        """The progress of the audio since the last call, and its time; None if there is none."""
        untold, self._untold = self._untold, None
        return untold

    def complete(self) -> None:
        """End a buffer of audio here."""
        self.catch_up()
        self._take(self._decoder.complete())
        self._listen(joined([]), self._noise_suppression.flush())
        self._vad_pump.complete()

    async def look_up_target(self, processing: VoiceProcessingConfig) -> None:
        """Look up the target speaker. Raises InvalidField if there is none."""
        await self._target.look_up(processing)

    def follow_target(self) -> None:
        """Apply the target speaker of the configuration in force."""
        self._target.follow(self._configuration().voice_processing_config)

    def use_format(self, input_audio: InputAudio) -> None:
        """Decode audio in this format from the next frame on."""
        self.catch_up()
        self._decoder.use_format(input_audio)

    def sounding(self, sound: Sounding) -> None:
        """Tell the echo guard what the client begins to play."""
        if self.echo_guard is not None:
            self.echo_guard.sounding(sound, self._clock())

    def flushed(self) -> None:
        """Tell the echo guard that the client discarded the audio it had not played."""
        if self.echo_guard is not None:
            self.echo_guard.flushed(self._clock())

    def close(self) -> None:
        """Free the resources at the end of the session."""
        self._vad_pump.close()
        self._decoder.close()

    def _take(self, samples: Samples) -> None:
        self._count_audio(len(samples) / SPEECH_RATE)
        if self._record is not None:
            self._record(samples)
        processing = self._configuration().voice_processing_config
        enabled = processing.enable_ans or processing.enable_pdns
        self._listen(samples, self._noise_suppression.clean(samples, enabled=enabled))

    def _listen(self, samples: Samples, cleaned: Samples) -> None:
        """Store received ``samples`` and pass the ``cleaned`` ones that are ready to VAD.

        Recognition gets the received samples, on which it makes fewer errors than on cleaned ones, except with
        voiceprint denoising, which compares voiceprints on cleaned samples.
        """
        now = self._clock()
        use_cleaned = self._configuration().voice_processing_config.enable_pdns
        heard = self._recognised.take(samples, cleaned, use_cleaned=use_cleaned)
        if len(heard):
            self._heard(heard, self.timeline.end)
        if len(cleaned):
            self._untold = (AudioReceived(self._recognised.cleaned), now)
            if self.echo_guard is not None:
                self.echo_guard.received(now)
            self._vad_pump.put(cleaned)

    def _judged(self, judged: SpeechProbability) -> None:
        is_high = self._pressure.is_high
        if is_high != self._under_pressure:
            self._under_pressure = is_high
            self._report(PressureChanged(is_high))
        if self.echo_guard is not None and not is_push_to_talk(self._configuration().turn_detection):
            judged = self.echo_guard.without_echo(judged)
        self._report(judged)
