"""Voiceprint denoising of one session: passes on only the target speaker's speech."""

import math
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np

from kouyu.audio.pcm import Samples, joined
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation.inputs import SpeechProbability
from kouyu.conversation.speaker_gate import PAUSE_MS, Mute, SpeakerGate
from kouyu.conversation.speech_detector import ONSET_PROBABILITY, RELEASE_PROBABILITY, samples_in
from kouyu.conversation.utterance import Span
from kouyu.session.target_voice import TargetVoice

_QUIET_ROOM_DB: Final = 60.0
"""Assumed signal-to-noise ratio before the level of the noise is known."""
_NOISE_FOLLOWS: Final = 0.05
"""Weight of each chunk's level in the running level of the noise."""
_SILENT_POWER: Final = 1e-10


class TargetSpeaker:
    """Processes VAD results before the conversation gets them.

    It carries out the decisions of the speaker gate: passes VAD results on to ``report`` with a delay, as silence where
    another speaker speaks, and mutes that speaker's audio in the ``timeline``. Until a voiceprint is known, it learns
    from the first speech and passes everything on at once.
    """

    def __init__(
        self, voice: TargetVoice, *, timeline: AudioTimeline, position: int, report: Callable[[SpeechProbability], None]
    ) -> None:
        self._voice = voice
        self._timeline = timeline
        self._position = position
        self._report = report
        self._gate = SpeakerGate(position) if voice.known else None
        self._noise_db: float | None = None
        self._learnt_until = self._silent_since = position

    @property
    def holding(self) -> bool:
        """Whether VAD results are held back until the speaker is determined."""
        return self._gate is not None and self._gate.holding

    async def judge(self, judged: SpeechProbability) -> None:
        """Take in the VAD result of one more chunk."""
        start, self._position = self._position, judged.end
        if judged.probability < RELEASE_PROBABILITY:
            self._hear_noise(self._timeline.slice(start, judged.end))
        if self._gate is not None:
            self._pass_on(self._gate.feed(judged))
            await self._answer(self._gate)
            return
        self._report(judged)
        if judged.probability >= ONSET_PROBABILITY:
            self._silent_since = judged.end
            await self._voice.hear_first(self._timeline.slice(start, judged.end))
        elif self._voice.known:
            self._gate, self._learnt_until = SpeakerGate(judged.end), judged.end
        elif judged.end - self._silent_since >= samples_in(PAUSE_MS):
            await self._voice.pause()

    async def finish(self) -> None:
        """Decide about what is held back and pass it on: no more audio comes for now."""
        if self._gate is not None:
            self._pass_on(self._gate.finish())
            await self._answer(self._gate)

    async def _answer(self, gate: SpeakerGate) -> None:
        while gate.question is not None:
            spans = gate.question
            speech = self._audio(spans)
            lead = await self._voice.lead(speech, self._clearness_db(speech))
            self._pass_on(gate.answer(lead))
            new = [span for span in spans if span.start >= self._learnt_until]
            if gate.open and await self._voice.hear_more(self._audio(new), lead):
                self._learnt_until = spans[-1].end

    def _pass_on(self, passed: Iterable[SpeechProbability | Mute]) -> None:
        for one in passed:
            match one:
                case Mute(start, end):
                    self._timeline.mute(start, end)
                case SpeechProbability():
                    self._report(one)

    def _audio(self, spans: Iterable[Span]) -> Samples:
        return joined([self._timeline.slice(span.start, span.end) for span in spans])

    def _hear_noise(self, samples: Samples) -> None:
        level = _level_db(samples)
        before = level if self._noise_db is None else self._noise_db
        self._noise_db = before + _NOISE_FOLLOWS * (level - before)

    def _clearness_db(self, speech: Samples) -> float:
        return _QUIET_ROOM_DB if self._noise_db is None else _level_db(speech) - self._noise_db


def _level_db(samples: Samples) -> float:
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10 * math.log10(power + _SILENT_POWER)
