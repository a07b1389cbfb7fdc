"""Carries out the conversation's orders: each is a task that reports back under the order's number."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from functools import partial

import msgspec

from kouyu.agents.agent import (
    Agent,
    AgentError,
    AgentRequest,
    AnswerCut,
    ReadsAhead,
    TextDelta,
    TextWithdrawn,
    TokenUsage,
    ToolCallRequest,
    ToolsCalled,
    ToolsRan,
    committed_already,
)
from kouyu.agents.answer_limits import within_limits
from kouyu.audio.pcm import Samples
from kouyu.audio.timeline import AudioTimeline
from kouyu.conversation import chat_failures
from kouyu.conversation.effects import CommitReply, JudgeTurn, ReadAhead, Speak, StartReply, Transcribe
from kouyu.conversation.inputs import (
    Input,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    ReplyToolsCalled,
    ReplyToolsRan,
    ReplyWithdrawn,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.domain.speech_rate import SPEECH_RATE
from kouyu.engines.errors import EngineError
from kouyu.engines.scheduler import Priority
from kouyu.engines.tts.engine import SpeechSynthesizer
from kouyu.engines.turn.engine import TURN_SECONDS, TurnJudge
from kouyu.serving.agent_request import agent_request
from kouyu.serving.caller import Caller
from kouyu.serving.recorder import Recorder
from kouyu.serving.recordings import Recordings
from kouyu.serving.transcribing import Transcriber, as_configured
from kouyu.session.echo_guard import EchoGuard
from kouyu.session.speech_output import SpeechOutput
from kouyu.session.spoken_language import SpokenLanguage
from kouyu.session.turn_voice import HeardVoice, TurnVoice
from kouyu.store.errors import StoreError
from kouyu.store.owned_store import OwnedStore

log = logging.getLogger(__name__)


class OrderRunner:
    """Runs orders as tasks of the given task group, which owns them."""

    def __init__(
        self,
        *,
        store: OwnedStore,
        agent: Agent,
        caller: Caller,
        recordings: Recordings | None,
        transcriber: Transcriber,
        turn_voice: TurnVoice,
        turn_judge: TurnJudge | None,
        synthesizer: SpeechSynthesizer,
        timeline: AudioTimeline,
        recorder: Recorder,
        tasks: asyncio.TaskGroup,
        report: Callable[[Input], None],
        echo_guard: EchoGuard | None = None,
    ) -> None:
        self._store = store
        self._agent = agent
        self._caller = caller
        self._recordings = recordings
        self._transcriber = transcriber
        self._turn_voice = turn_voice
        self._turn_judge = turn_judge
        self._timeline = timeline
        self._recorder = recorder
        self._tasks = tasks
        self._report = report
        self._speech_output = SpeechOutput(synthesizer, report, echo_guard)
        self._language = SpokenLanguage()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._reading: asyncio.Task[None] | None = None
        """The prefill of the interim transcript under way."""
        self._read_question = ""
        """The question of the last prefill."""
        self._committed: dict[int, asyncio.Event] = {}
        """For each reply under way, set once its turn is committed."""

    def carry_out(self, order: Transcribe | JudgeTurn | ReadAhead | StartReply | CommitReply | Speak) -> None:
        """Start an order."""
        match order:
            case Transcribe():
                # Cut now: the timeline may forget this audio before the task begins.
                audio = self._timeline.slice(order.start, order.end)
                self._begin(order.order, self._transcribe(order, audio))
            case JudgeTurn():
                start = max(order.start, order.end - round(TURN_SECONDS * SPEECH_RATE))
                self._begin(order.order, self._judge(order, self._timeline.slice(start, order.end)))
            case ReadAhead():
                if isinstance(self._agent, ReadsAhead) and self._agent.reads_ahead:
                    self._stop_reading()
                    self._read_question = order.question.content
                    self._reading = self._tasks.create_task(self._read_ahead(self._agent, order), name="read ahead")
            case StartReply():
                # The prefill under way may be of this very question: the reply then continues from it.
                if order.question.content != self._read_question and not order.options.is_apart:
                    self._stop_reading()
                self._committed[order.order] = committed = asyncio.Event()
                # Taken now: the question itself, saved next, need not be waited for.
                self._begin(order.order, self._reply(order, committed, self._recorder.ticket))
            case CommitReply():
                if order.order in self._committed:
                    self._committed[order.order].set()
            case Speak():
                self._begin(order.order, self._speech_output.speak(order))

    def cancel(self, order: int) -> None:
        """Stop an order; it makes no further reports."""
        task = self._running.pop(order, None)
        if task is not None:
            task.cancel()

    def cancel_all(self) -> None:
        """Stop everything."""
        self._stop_reading()
        for order in tuple(self._running):
            self.cancel(order)

    def close(self) -> None:
        """Free the encoders, after all orders have ended."""
        self._speech_output.close()

    def _begin(self, order: int, work: Coroutine[None, None, None]) -> None:
        task = self._tasks.create_task(work, name=f"order {order}")
        self._running[order] = task
        task.add_done_callback(lambda _: self._ended(order))

    def _ended(self, order: int) -> None:
        self._running.pop(order, None)
        self._committed.pop(order, None)

    async def _transcribe(self, order: Transcribe, audio: Samples) -> None:
        async with self._turn_voice.hearing(order, audio) as heard_voice:
            await self._recognise(order, audio, heard_voice)

    async def _recognise(self, order: Transcribe, audio: Samples, heard_voice: HeardVoice) -> None:
        span = order.start, order.end
        configured = as_configured(order.configuration.asr_config, order.configuration.turn_detection.interrupt_config)
        how = self._language.supplied(configured, *span)
        learn = partial(self._language.learn, span=span)
        priority = Priority.FINAL if order.final else Priority.INTERIM
        try:
            text, language = await self._transcriber.transcribed(audio, how, priority, final=order.final, learn=learn)
        except EngineError as error:
            log.warning("a transcript failed: %s", error)
            self._report(TranscriptFailed(order.order, str(error)))
        else:
            self._report(TranscriptReady(order.order, text, language, await heard_voice()))

    async def _judge(self, order: JudgeTurn, audio: Samples) -> None:
        judge = self._turn_judge
        completeness = 0.0
        try:
            if judge is not None:
                completeness = await judge.completeness(audio, order.transcript, order.language)
        except EngineError as error:
            log.warning("end-of-turn judgement failed: %s", error)
        except Exception:  # the boundary to an engine: without a judgement the turn ends by its silence
            log.exception("unexpected error in end-of-turn judgement")
        self._report(TurnJudged(order.order, completeness))

    async def _reply(self, order: StartReply, committed: asyncio.Event, saved_before: int) -> None:
        usage = TokenUsage(0, 0)
        tools: ToolCallRequest | None = None
        cut = ""
        try:
            request = await self._request(order, saved_before, partial(_until, committed))
            async with aclosing(within_limits(self._agent.reply(request))) as events:
                async for event in events:
                    match event:
                        case TextDelta(text):
                            self._report(ReplyDelta(order.order, text))
                        case TextWithdrawn(characters):
                            self._report(ReplyWithdrawn(order.order, characters))
                        case ToolsCalled(calls):
                            self._report(ReplyToolsCalled(order.order, calls))
                        case ToolsRan(tools_round):
                            self._report(ReplyToolsRan(order.order, tools_round))
                        case ToolCallRequest():
                            tools = event
                        case AnswerCut(cut):
                            log.warning("%s", cut)
                        case TokenUsage():
                            usage = event
        except AgentError as error:
            log.warning("an agent failed: %s", error)
            self._report(ReplyFailed(order.order, str(error)))
        except StoreError as error:
            log.warning("a question's context could not be read: %s", error)
            self._report(ReplyFailed(order.order, chat_failures.NOT_READ))
        except Exception:  # the boundary to an agent: whatever it raises ends this chat alone
            log.exception("unexpected error in an agent")
            self._report(ReplyFailed(order.order, chat_failures.UNEXPECTED))
        else:
            spent = (usage.input_tokens, usage.output_tokens)
            if tools is None:
                self._report(ReplyFinished(order.order, *spent, cut=cut))
            else:
                self._report(ReplyToolCalls(order.order, tools.calls, *spent))

    async def _read_ahead(self, agent: ReadsAhead, order: ReadAhead) -> None:
        try:
            as_asked = StartReply(0, order.question, (), order.configuration, order.opening_lines, order.options)
            request = await self._request(as_asked, self._recorder.ticket)
            await agent.read_ahead(request, draft=order.draft)
        except (AgentError, StoreError) as error:
            log.debug("an agent's prefill failed: %s", error)
        except Exception:  # the boundary to an agent: nothing depends on this
            log.exception("unexpected error in an agent")

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _request(
        self, order: StartReply, saved_before: int, committed: Callable[[], Awaitable[None]] = committed_already
    ) -> AgentRequest:
        emotion = order.configuration.output_audio.emotion_config
        await self._recorder.written(saved_before)
        request = await agent_request(
            self._store,
            order.question,
            order.configuration.chat_config,
            voice_emotion=emotion.emotion if emotion else "",
            tool_rounds=order.tool_rounds,
            opening_lines=order.opening_lines,
            options=order.options,
            committed=committed,
        )
        if self._recordings is None:
            return request
        heard = await self._recordings.heard(request.messages, self._caller)
        return msgspec.structs.replace(request, messages=heard)


async def _until(event: asyncio.Event) -> None:
    await event.wait()
