"""Turns the inputs and effects of the conversation core into facts."""

from kouyu.conversation.effects import (
    CancelJudgement,
    CancelReply,
    CancelSpeech,
    CancelTranscribe,
    Effect,
    JudgeTurn,
    Send,
    Speak,
    StartReply,
    Transcribe,
    TrimMessage,
)
from kouyu.conversation.inputs import (
    AudioReceived,
    ConfigurationUpdate,
    Input,
    ReplyDelta,
    ReplyFailed,
    ReplyFinished,
    ReplyToolCalls,
    ReplyWithdrawn,
    SpeechAudio,
    SpeechFailed,
    SpeechFinished,
    SpeechProbability,
    TranscriptFailed,
    TranscriptReady,
    TurnJudged,
)
from kouyu.conversation.limits import Limits
from kouyu.diagnostics.agent_side import AgentSide
from kouyu.diagnostics.audio_clock import AudioClock
from kouyu.diagnostics.client_side import ClientSide
from kouyu.diagnostics.facts import session as facts
from kouyu.diagnostics.facts.session import Failure
from kouyu.diagnostics.facts.user import DiscardReason
from kouyu.diagnostics.recognition_side import RecognitionSide
from kouyu.diagnostics.turn_seen import Say
from kouyu.diagnostics.turns_seen import TurnsSeen
from kouyu.diagnostics.user_side import UserSide
from kouyu.diagnostics.user_track import UserTrack
from kouyu.domain.configuration import Configuration
from kouyu.domain.events import (
    ActionRequired,
    BufferCleared,
    BufferCompleted,
    ChatBegan,
    ChatCancelled,
    ChatCompleted,
    ChatFailed,
    Configured,
    Event,
    OutputInterrupted,
    RequestRefused,
    SectionCleared,
    SentenceBegan,
    SpeechCompleted,
    SpeechDelta,
    SpeechStarted,
    SpeechStopped,
)
from kouyu.domain.requests import Announce, StartSection, WriteMessage
from kouyu.protocol.coze.wire import to_wire


class Observer:
    """Observes one session's conversation without affecting it; pure, as the conversation is.

    It may begin in the middle of a session; reports that answer earlier orders are then ignored.
    """

    def __init__(self, *, limits: Limits, configuration: Configuration, turns_before: int, say: Say) -> None:
        """``turns_before``: number of turns already counted; ``say`` is called with each fact."""
        self._say = say
        self._configuration = configuration
        self._clock = AudioClock()
        self._turns = TurnsSeen(say, after=turns_before, limits=limits)
        self._track = UserTrack(self._clock, say)
        self._recognition = RecognitionSide(clock=self._clock, turns=self._turns, limits=limits, say=say)
        self._user = UserSide(
            clock=self._clock,
            turns=self._turns,
            track=self._track,
            recognition=self._recognition,
            limits=limits,
            say=say,
        )
        self._agent = AgentSide(turns=self._turns, say=say)
        self._client = ClientSide(turns=self._turns, limits=limits, say=say)

    @property
    def turns(self) -> int:
        """Number of turns so far."""
        return self._turns.number

    @property
    def clock(self) -> AudioClock:
        """The times of the user's audio."""
        return self._clock

    def arrived(self, start: int, end: int, now: float) -> None:
        """Follow the user's audio from the sample ``start`` to before ``end``; call it before the conversation gets
        AudioReceived."""
        self._clock.append(start, end, now)

    def observe(self, received: Input, effects: list[Effect], configuration: Configuration, now: float) -> None:
        """Follow an input of the conversation and its effects; ``configuration`` is in force afterwards."""
        at_ms = round(now * 1000, 1)
        self._on_input(received, at_ms)
        if not isinstance(received, SpeechProbability) or effects:
            self._track.flush(now)
        for effect in effects:
            self._on_effect(effect, received, at_ms)
        if configuration is not self._configuration:
            self._user.configured(self._configuration, configuration, at_ms)
            self._configuration = configuration
        self._client.pause(at_ms)
        self._turns.close_finished(at_ms, self._client.sounds_until_ms)

    def deadline(self, now: float) -> float | None:
        """When time alone finishes a turn, in seconds on the session's clock."""
        at_ms = self._turns.deadline_ms(now * 1000, self._client.sounds_until_ms)
        return at_ms / 1000 if at_ms is not None else None

    def close(self, now: float) -> None:
        """Finish all turns: the session is over, or observation stops."""
        self._track.flush(now)
        self._turns.close_all(round(now * 1000, 1))

    def _on_input(self, received: Input, at_ms: float) -> None:
        match received:
            case SpeechProbability():
                self._user.on_probability(received, self._configuration, at_ms)
            case AudioReceived(end):
                self._user.on_audio(end)
            case TranscriptReady():
                self._recognition.on_transcript(received, at_ms)
            case TranscriptFailed():
                self._recognition.on_transcript_failed(received, at_ms)
            case TurnJudged():
                self._recognition.on_judged(received, at_ms)
            case ReplyDelta() | ReplyWithdrawn() | ReplyToolCalls() | ReplyFinished() | ReplyFailed():
                self._agent.on_reply(received, at_ms)
            case SpeechAudio() | SpeechFinished() | SpeechFailed():
                self._agent.on_speech(received, at_ms)
            case WriteMessage(answer=True, content=content):
                self._turns.begin("text", at_ms).transcript = content
            case Announce():
                self._turns.begin("announcement", at_ms)
            case _:
                pass

    def _on_effect(self, effect: Effect, received: Input, at_ms: float) -> None:
        match effect:
            case Send(SentenceBegan() | SpeechDelta() | SpeechCompleted(), apart=True):
                pass  # the times of playout are those of the conversation's own speech
            case Send(event):
                self._on_event(event, received, at_ms)
            case Transcribe():
                self._user.ordered(effect, received, at_ms)
            case CancelTranscribe():
                self._recognition.canceled(effect, received, at_ms)
            case JudgeTurn():
                self._recognition.to_judge(effect, at_ms)
            case CancelJudgement():
                self._recognition.judgement_canceled(effect)
            case StartReply():
                self._agent.asked(effect, received, at_ms)
            case CancelReply():
                turn = self._agent.no_reply_wanted(effect)
                if turn is not None:
                    self._recognition.discard(turn, _why_discarded(received), at_ms)
            case Speak():
                self._agent.spoken(effect, at_ms)
            case CancelSpeech():
                self._agent.not_spoken(effect, at_ms)
            case TrimMessage(heard=heard):
                self._client.trimmed(heard)
            case _:
                pass

    def _on_event(self, event: Event, received: Input, at_ms: float) -> None:
        match event:
            case Configured(configuration):
                self._say(facts.Configured(at_ms=at_ms, configuration=to_wire(configuration)))
            case SectionCleared():
                self._user.forget_preparation(at_ms)
            case SpeechStarted():
                self._user.started(at_ms)
            case SpeechStopped():
                self._user.ended(received, at_ms)
            case BufferCompleted():
                self._user.completed(at_ms)
            case BufferCleared():
                self._user.thrown_away(at_ms)
            case SentenceBegan(_, text):
                self._client.sentence_started(text, at_ms)
            case SpeechDelta():
                self._client.packet_sent(at_ms)
            case SpeechCompleted():
                self._client.audio_completed(at_ms)
            case ChatBegan(chat) | ActionRequired(chat):
                self._client.chat_changed(chat, at_ms)
            case ChatCompleted(chat) | ChatFailed(chat) | ChatCancelled(chat):
                self._client.chat_changed(chat, at_ms)
            case OutputInterrupted(reason):
                self._client.interrupted(reason, self._configuration, at_ms)
            case RequestRefused(code, msg):
                self._say(Failure(at_ms=at_ms, stage="client", code=code, message=msg))
            case _:
                pass


def _why_discarded(received: Input) -> DiscardReason:
    match received:
        case ConfigurationUpdate() | StartSection() | WriteMessage():
            return "configuration"
        case ReplyFailed() | TranscriptFailed():
            return "failed"
        case SpeechProbability():
            return "spoke_on"
        case _:
            return "not_needed"
