"""Feeds the user's audio to VAD, and its results through the target speaker's gate if there is one."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from kouyu.audio.pcm import Samples, joined
from kouyu.conversation.inputs import SpeechProbability
from kouyu.engines.vad.detector import VoiceActivityDetector
from kouyu.protocol.speech_rate import SPEECH_RATE
from kouyu.session.target_speaker import TargetSpeaker

_JUDGED_AT_ONCE: Final = 4 * SPEECH_RATE
"""Samples whose VAD results are reported before the event loop may run other sessions."""
MOST_WAITING_S: Final = 30
"""Seconds of audio that may wait for VAD. Beyond that reading from the client pauses, which slows it down."""

OpenTarget = Callable[[int], TargetSpeaker]
"""Makes the TargetSpeaker that applies from the given sample on."""


class VadPump:
    """Feeds VAD with all audio that has come meanwhile, and reports its results in order."""

    def __init__(
        self,
        detector: VoiceActivityDetector,
        report: Callable[[SpeechProbability], None],
        *,
        stopped_sending_grace_ms: int,
    ) -> None:
        """``stopped_sending_grace_ms``: a client that sends nothing for this long has stopped, and the target speaker's
        gate decides by the audio so far."""
        self._patience_s = stopped_sending_grace_ms / 1000
        self._stream = detector.open()
        self._chunk = detector.model.chunk_samples
        self._report = report
        self._judged = 0
        self._wanted: OpenTarget | None = None
        self._followed: OpenTarget | None = None
        self._target: TargetSpeaker | None = None
        self._complete_at: deque[int] = deque()
        self._received = 0
        self._fed = 0
        self._waiting: list[Samples] = []
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()

    def put(self, samples: Samples) -> None:
        """Queue more of the user's audio."""
        self._waiting.append(samples)
        self._received += len(samples)
        if self._received // self._chunk > self._fed // self._chunk:
            self._changed.set()

    def hear_only(self, target: OpenTarget | None) -> None:
        """Pass on only one speaker's speech from the next audio on; None: everybody's."""
        self._wanted = target
        self._changed.set()

    def complete(self) -> None:
        """End a buffer of audio here: the gate decides about what is held back without waiting for more."""
        self._complete_at.append(self._received)
        self._changed.set()

    async def room(self) -> None:
        """Wait until less than MOST_WAITING_S of audio wait for VAD."""
        while self._received - self._fed > MOST_WAITING_S * SPEECH_RATE:
            self._taken.clear()
            await self._taken.wait()

    async def run(self) -> None:
        """Run VAD until cancelled. Raises EngineError when VAD fails."""
        while True:
            more = await self._more()
            waiting, self._waiting = self._waiting, []
            self._fed = self._received
            self._taken.set()
            await self._follow_target()
            audio = joined(waiting)
            for start in range(0, len(audio), _JUDGED_AT_ONCE):
                for judgement in await self._stream.feed(audio[start : start + _JUDGED_AT_ONCE]):
                    await self._judge(SpeechProbability(judgement.end, judgement.probability, judgement.levels))
            await self._finish(anyway=not more)

    async def _more(self) -> bool:
        """Wait for audio or a change; False if the client seems to have stopped sending while audio is held back."""
        if self._target is not None and self._target.holding:
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._changed.wait()
            except TimeoutError:
                return False
        await self._changed.wait()
        self._changed.clear()
        return True

    async def _judge(self, judged: SpeechProbability) -> None:
        self._judged = judged.end
        if self._target is None:
            self._report(judged)
        else:
            await self._target.judge(judged)
        await self._finish()

    async def _follow_target(self) -> None:
        if self._followed is not self._wanted:
            if self._target is not None:
                await self._target.finish()
            self._followed = self._wanted
            self._target = None if self._wanted is None else self._wanted(self._judged)

    async def _finish(self, *, anyway: bool = False) -> None:
        """Let the gate decide about what is held back, if VAD has reached the end of a complete buffer."""
        finished = anyway
        # VAD processes whole chunks: the last few ms of a buffer are processed with the next one.
        while self._complete_at and self._judged + self._chunk > self._complete_at[0]:
            self._complete_at.popleft()
            finished = True
        if finished and self._target is not None:
            await self._target.finish()

    def close(self) -> None:
        """Free the resources at the end of the session."""
        self._stream.close()
