"""Feeds the user's audio to VAD, and passes its results through the target speaker's gate if there is one."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Final

from kouyu.audio.pcm import Samples
from kouyu.conversation.inputs import SpeechProbability
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.engines.vad.detector import Judgement, VoiceActivityDetector
from kouyu.session.target_speaker import TargetSpeaker

MOST_WAITING_S: Final = 30
"""Seconds of audio that may wait for VAD. Beyond that reading from the client pauses, which slows it down."""

OpenTarget = Callable[[int], TargetSpeaker]
"""Makes the TargetSpeaker that applies from the given sample on."""


class VadPump:
    """Feeds VAD, and reports its results in order.

    Without a target speaker a result is reported at once, on the detector's task; with one it waits for the gate, which
    ``run`` asks.
    """

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
        self._stream = detector.open(self._on_result)
        self._chunk = detector.model.chunk_samples
        self._report = report
        self._context: Context | None = None
        """Of ``run``; None before it runs."""
        self._judged = 0
        """Sample up to which results were reported or passed to the gate."""
        self._scored = 0
        """Sample up to which VAD has results."""
        self._received = 0
        self._wanted: OpenTarget | None = None
        self._followed: OpenTarget | None = None
        self._target: TargetSpeaker | None = None
        self._complete_at: deque[int] = deque()
        self._held: deque[SpeechProbability] = deque()
        """Results that wait for ``run``."""
        self._fault: Exception | None = None
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()

    def put(self, samples: Samples) -> None:
        """Queue more of the user's audio."""
        self._received += len(samples)
        self._stream.put(samples)

    @property
    def missing(self) -> int:
        """Samples until VAD has a result for more audio."""
        return self._stream.missing

    @property
    def has_room(self) -> bool:
        """Whether less than MOST_WAITING_S of audio wait for VAD."""
        return self._received - self._scored <= MOST_WAITING_S * SPEECH_RATE

    def hear_only(self, target: OpenTarget | None) -> None:
        """Pass on only one speaker's speech from the next audio on; None: everybody's."""
        self._wanted = target
        self._changed.set()

    def complete(self) -> None:
        """End a buffer of audio here: the gate decides about what is held back without waiting for more."""
        if self._wanted is not None:
            self._complete_at.append(self._received)
            self._changed.set()

    async def room(self) -> None:
        """Wait until ``has_room``."""
        while not self.has_room:
            self._taken.clear()
            await self._taken.wait()

    async def run(self) -> None:
        """Pass on results until cancelled. Raises EngineError when VAD fails, and what ``report`` raises."""
        self._context = copy_context()
        self._changed.set()  # for what came before
        while True:
            more = await self._more()
            if self._fault is not None:
                raise self._fault
            await self._follow_target()
            while self._held:
                await self._judge(self._held.popleft())
            await self._finish(anyway=not more)

    def _on_result(self, result: Judgement | EngineError) -> None:
        if isinstance(result, EngineError):
            self._fail(result)
            return
        self._scored = result.end
        self._taken.set()
        judged = SpeechProbability(result.end, result.probability, result.levels)
        if self._context is None or self._held or self._target is not None or self._followed is not self._wanted:
            self._held.append(judged)
            self._changed.set()
            return
        self._judged = judged.end
        try:
            self._context.run(self._report, judged)
        except Exception as fault:  # the boundary to other sessions: it ends this one, not the detector's task
            self._fail(fault)

    def _fail(self, fault: Exception) -> None:
        self._fault = self._fault or fault
        self._changed.set()

    async def _more(self) -> bool:
        """Wait for results or a change; False if the client seems to have stopped sending while audio is held back."""
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
