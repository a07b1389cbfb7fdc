"""One recorded session in virtual time, with today's engines.

The client's events and the agent's answers come from the record, at their times; voice activity, transcripts,
judgements and speech come from the engines, after as long as they really take. Each order is run by itself: that
several at once slow each other down is not part of it, nor are noise suppression, the target speaker's gate and the
echo guard.
"""

import heapq
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from kouyu.audio.pcm import Samples
from kouyu.bench.rerun.recorded_answers import RecordedAnswers
from kouyu.bench.rerun.rerun_engines import RerunEngines
from kouyu.conversation.conversation import Conversation
from kouyu.conversation.effects import Effect, JudgeTurn, Send, Speak, StartReply, Transcribe
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import (
    AudioReceived,
    Input,
    PacketGone,
    PressureChanged,
    ReplyReport,
    SpeechProbability,
    SpeechReport,
    TimePassed,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.diagnostics.facts.record import TurnRecord
from kouyu.diagnostics.facts.session import SessionSeen
from kouyu.diagnostics.observer import Observer
from kouyu.diagnostics.turn_records import TurnRecords
from kouyu.domain.events import ActionRequired
from kouyu.domain.ids import IdFactory
from kouyu.domain.requests import SubmitOutputs
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.turn.engine import TURN_SECONDS
from kouyu.engines.vad.detector import Judgement
from kouyu.recording.record_file import Record
from kouyu.recording.waveform import whole_audio
from kouyu.serving.transcribing import as_configured
from kouyu.session.speech_output import SpeechOutput

_OF_ENGINES: Final = (
    SpeechProbability
    | TranscriptReady
    | TranscriptFailed
    | TurnJudged
    | ReplyReport
    | SpeechReport
    | PacketGone
    | PressureChanged
    | TimePassed
)
"""Inputs that are not taken from the record."""
_AFTER_S: Final = 10.0
"""How long after the record's end what was ordered may still be reported, in s."""


async def rerun(record: Record, engines: RerunEngines) -> list[TurnRecord]:
    """Run the record; return its turns. Raises EngineError and RecordError."""
    audio = whole_audio(record.audio)
    stream = engines.voice_activity.open()
    try:
        judgements = await stream.feed(audio)
    finally:
        stream.close()
    session = _VirtualSession(record, engines, audio, judgements)
    await session.run()
    return session.turns()


class _VirtualSession:
    def __init__(self, record: Record, engines: RerunEngines, audio: Samples, judgements: Sequence[Judgement]) -> None:
        self._record = record
        self._engines = engines
        self._audio = audio
        self._judgements = judgements
        self._judged = 0
        header = record.header
        identity = Identity(ids=IdFactory(), bot_id=header.bot_id, epoch=header.epoch)
        capabilities = engines.offered(header.capabilities)
        self._core = Conversation(identity=identity, capabilities=capabilities, limits=engines.limits)
        self._answers = RecordedAnswers(record.steps)
        self._speech: list[tuple[float, Input]] = []
        self._speaking_since = 0.0
        self._output = SpeechOutput(engines.synthesizer, self._spoken)
        self._waiting: list[tuple[float, int, Input]] = []
        self._count = itertools.count()
        self._now = 0.0
        self._arrived = 0
        self._chat_with_tools = ""
        self._turns = TurnRecords(turns_kept=len(record.steps) + 1)
        self._observer = Observer(
            limits=engines.limits, configuration=self._core.configuration, turns_before=0, say=self._turns.add
        )

    async def run(self) -> None:
        """Go through the whole record."""
        try:
            for step in self._record.steps:
                if not isinstance(step.received, _OF_ENGINES):
                    await self._until(step.now)
                    await self._receive(self._today(step.received))
                    if isinstance(step.received, AudioReceived):
                        await self._judge_audio(step.received.end)
            await self._until(self._now + _AFTER_S)
        finally:
            self._output.close()
            self._observer.close(self._now)

    def turns(self) -> list[TurnRecord]:
        """The turns as the diagnostics show them."""
        header = self._record.header
        session = SessionSeen(
            log_id=header.log_id,
            epoch_ms=round(header.epoch * 1000),
            bot_id=header.bot_id,
            workflow_id=header.workflow_id,
            limits=self._engines.limits,
        )
        return self._turns.exported(session)

    def _today(self, received: Input) -> Input:
        """The client's tool outputs are for today's chat."""
        if isinstance(received, SubmitOutputs):
            return msgspec.structs.replace(received, chat_id=self._chat_with_tools)
        return received

    async def _until(self, until: float) -> None:
        """Let the reports come that are due by then, and the deadlines of the core."""
        while True:
            deadline = self._core.deadline(self._now)
            reported = self._waiting[0][0] if self._waiting else until
            at = min(reported, until if deadline is None else deadline)
            if at >= until and not (self._waiting and reported <= until):
                break
            self._now = max(self._now, at)
            if self._waiting and reported <= self._now:
                await self._receive(heapq.heappop(self._waiting)[-1])
            else:
                await self._receive(TimePassed())
        self._now = max(self._now, until)

    async def _judge_audio(self, end: int) -> None:
        while self._judged < len(self._judgements) and self._judgements[self._judged].end <= end:
            judged = self._judgements[self._judged]
            self._judged += 1
            await self._receive(SpeechProbability(judged.end, judged.probability, judged.levels))

    async def _receive(self, received: Input) -> None:
        if isinstance(received, AudioReceived) and received.end > self._arrived:
            self._observer.arrived(self._arrived, received.end, self._now)
            self._arrived = received.end
        effects = self._core.receive(received, self._now)
        self._observer.observe(received, effects, self._core.configuration, self._now)
        for effect in effects:
            await self._carry_out(effect)

    def _later(self, delay_s: float, received: Input) -> None:
        heapq.heappush(self._waiting, (self._now + delay_s, next(self._count), received))

    async def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Transcribe():
                self._later(*await _timed(lambda: self._transcribed(effect)))
            case JudgeTurn():
                self._later(*await _timed(lambda: self._turn_judged(effect)))
            case StartReply():
                after_tools = bool(effect.tool_rounds)
                for delay_s, report in self._answers.to(
                    effect.question.content, effect.order, self._now, after_tools=after_tools
                ):
                    self._later(delay_s, report)
            case Speak():
                self._speech.clear()
                self._speaking_since = time.perf_counter()
                await self._output.speak(effect)
                for delay_s, report in self._speech:
                    self._later(delay_s, report)
            case Send(event, packet=packet):
                if packet is not None:
                    self._later(0.0, PacketGone(packet))
                if isinstance(event, ActionRequired):
                    self._chat_with_tools = event.chat.id
            case _:
                pass

    def _spoken(self, report: Input) -> None:
        self._speech.append((time.perf_counter() - self._speaking_since, report))

    async def _transcribed(self, order: Transcribe) -> Input:
        configuration = order.configuration
        how = as_configured(configuration.asr_config, configuration.turn_detection.interrupt_config)
        audio = self._audio[order.start : order.end]
        try:
            text, language = await self._engines.transcriber.transcribed(audio, how, Priority.FINAL, final=order.final)
        except EngineError as error:
            return TranscriptFailed(order.order, str(error))
        return TranscriptReady(order.order, text, language)

    async def _turn_judged(self, order: JudgeTurn) -> Input:
        judge = self._engines.turn_judge
        start = max(order.start, order.end - round(TURN_SECONDS * SPEECH_RATE))
        if judge is None:
            return TurnJudged(order.order, 0.0)
        completeness = await judge.completeness(self._audio[start : order.end], order.transcript, order.language)
        return TurnJudged(order.order, completeness)


async def _timed(work: Callable[[], Awaitable[Input]]) -> tuple[float, Input]:
    """The seconds that the work took, and its result."""
    began = time.perf_counter()
    made = await work()
    return time.perf_counter() - began, made
