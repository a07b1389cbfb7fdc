"""Measures one conversation's turns by what goes into its core and what comes out."""

from collections.abc import Callable, Sequence
from typing import Final

from kouyu.conversation.effects import CancelReply, CommitReply, Effect, Send, Speak, StartReply, Transcribe
from kouyu.conversation.inputs import Input, ReplyDelta, SpeechAudio, SpeechProbability, TranscriptReady
from kouyu.domain.chats import LastError
from kouyu.domain.events import (
    ActionRequired,
    BufferCompleted,
    ChatCancelled,
    ChatCompleted,
    ChatFailed,
    Event,
    OutputInterrupted,
    RequestRefused,
    SpeechDelta,
    SpeechStopped,
)
from kouyu.domain.requests import WriteMessage
from kouyu.metrics.recent_failures import NoteFailure
from kouyu.metrics.server_metrics import Began, Preparation, ServerMetrics

_SPEECH: Final = 0.5
"""Probability from which a chunk counts as speech for the time of an interruption."""
_MOST_OPEN: Final = 32
"""Orders whose time is remembered. Few are open at once; those that were cancelled or failed stay until then."""


class TurnTimes:
    """Feeds ``metrics``. Times are in seconds on the clock of the conversation."""

    def __init__(
        self,
        metrics: ServerMetrics,
        *,
        answered: Callable[[float], None] = lambda _: None,
        is_agent_here: bool = False,
        failed: NoteFailure = lambda kind, code, message: None,
    ) -> None:
        """``answered`` is called with the part of each time to the first audio that this machine accounts for: all of
        it if the agent's model runs on it (``is_agent_here``), otherwise without the wait for the agent's words.
        ``failed`` gets each failure that the client is told of."""
        self._metrics = metrics
        self._answered = answered
        self._is_agent_here = is_agent_here
        self._failed = failed
        self._asked_at: float | None = None
        self._spoke_at: float | None = None
        self._turn_over: tuple[Began, float] | None = None
        self._transcripts: dict[int, float] = {}
        self._replies: dict[int, float] = {}
        self._uncommitted: dict[int, float] = {}
        self._speeches: dict[int, float] = {}
        self._speech_since: float | None = None

    def follow(self, received: Input, effects: Sequence[Effect], now: float) -> None:
        """Take in one input and its effects."""
        match received:
            case SpeechProbability(probability=probability):
                if probability < _SPEECH:
                    self._speech_since = None
                elif self._speech_since is None:
                    self._speech_since = now
            case TranscriptReady(order=order):
                if (ordered := self._transcripts.pop(order, None)) is not None:
                    self._metrics.transcript.observe(now - ordered)
            case ReplyDelta(order=order):
                if (ordered := self._replies.pop(order, None)) is not None:
                    self._metrics.first_token.observe(now - ordered)
            case SpeechAudio(order=order):
                if (ordered := self._speeches.pop(order, None)) is not None:
                    self._metrics.first_speech.observe(now - ordered)
            case WriteMessage(answer=True):
                self._turn_over = ("typed", now)
        for effect in effects:
            self._follow(effect, now)

    def _follow(self, effect: Effect, now: float) -> None:
        match effect:
            case Send(event=SpeechDelta(), apart=True):
                pass
            case Send(event=event):
                self._sent(event, now)
            case Transcribe(order=order, final=True):
                _remember(self._transcripts, order, now)
            case StartReply(order=order, options=options):
                if not options.is_apart:
                    self._asked_at, self._spoke_at = now, None
                _remember(self._replies, order, now)
                _remember(self._uncommitted, order, now)
            case CommitReply(order=order):
                self._resolved(order, "used", now)
            case CancelReply(order=order):
                self._replies.pop(order, None)
                self._resolved(order, "discarded", now)
            case Speak(order=order, first=True):
                self._spoke_at = now
                _remember(self._speeches, order, now)

    def _agent_s(self, over_at: float) -> float:
        """The part of the time since ``over_at`` that passed waiting for words of an agent elsewhere."""
        if self._is_agent_here or self._asked_at is None or self._spoke_at is None:
            return 0.0
        return max(0.0, self._spoke_at - max(over_at, self._asked_at))

    def _resolved(self, order: int, result: Preparation, now: float) -> None:
        """Count a reply that was begun earlier than it was certain that the turn is over."""
        began = self._uncommitted.pop(order, now)
        if began < now:
            self._metrics.preparations.labels(result).inc()

    def _sent(self, event: Event, now: float) -> None:
        match event:
            case SpeechDelta():
                if self._turn_over is not None:
                    (began, over_at), self._turn_over = self._turn_over, None
                    self._metrics.first_audio.labels(began).observe(now - over_at)
                    self._answered(now - over_at - self._agent_s(over_at))
            case SpeechStopped():
                self._turn_over = ("speech", now)
            case BufferCompleted():
                self._turn_over = ("push_to_talk", now)
            case ChatCompleted():
                self._metrics.turns.labels("completed").inc()
            case ActionRequired():
                self._metrics.turns.labels("requires_action").inc()
            case ChatFailed(chat):
                self._metrics.turns.labels("failed").inc()
                reason = chat.last_error or LastError(0, "")
                self._failed("chat", reason.code, reason.msg)
            case ChatCancelled():
                self._metrics.turns.labels("canceled").inc()
            case OutputInterrupted(reason):
                self._metrics.turns.labels("canceled").inc()
                if reason == "speech" and self._speech_since is not None:
                    self._metrics.barge_in.observe(now - self._speech_since)
            case RequestRefused(code, msg):
                self._metrics.errors.labels(str(code)).inc()
                self._failed("error", code, msg)


def _remember(ordered: dict[int, float], order: int, now: float) -> None:
    ordered[order] = now
    if len(ordered) > _MOST_OPEN:
        del ordered[next(iter(ordered))]
