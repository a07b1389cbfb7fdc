"""The facts of a turn, all on one time axis (docs/diagnostics.md).

Times end in ``_ms``. ``at_ms``, ``from_ms`` and ``to_ms`` are points on the session's clock: ms since the connection
began. A position in the user's audio is given as the arrival time of that audio. All other values in ms are lengths.
"""

from typing import Literal

import msgspec

from kouyu.conversation.limits import Limits
from kouyu.conversation.output_slot import CancelCode
from kouyu.protocol.downlink import ChatStatus

TurnCause = Literal["speech", "push_to_talk", "text", "announcement"]
EndReason = Literal["silence", "judged_complete", "audio_stopped", "longest_utterance", "client", "discarded"]
DiscardReason = Literal["spoke_on", "configuration", "failed", "not_needed"]
Stage = Literal["recognition", "reply", "synthesis", "chat", "client"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all facts: an event at ``at_ms``; ``turn`` counts from 1, 0 is none."""

    at_ms: float = 0.0
    turn: int = 0


# The session


class SessionSeen(Fact, frozen=True, kw_only=True, tag="session"):
    """Describes a live session; always its first fact. ``epoch_ms`` is the Unix time in ms of its time 0."""

    log_id: str
    """The ``detail.logid`` of every event of that connection, and its header ``X-Tt-Logid``."""
    epoch_ms: int
    bot_id: str
    workflow_id: str
    user_id: str = ""
    conversation_id: str = ""
    limits: Limits


class Configured(Fact, frozen=True, tag="session.configured"):
    """The configuration in force: ``data`` of ``chat.updated``."""

    configuration: msgspec.Raw


class SessionEnded(Fact, frozen=True, tag="session.ended"):
    """The connection ended."""


class FactsDropped(Fact, frozen=True, tag="facts.dropped"):
    """The watcher read too slowly, so ``count`` facts of all sessions were dropped before this one."""

    count: int


# The user


class Waveform(Fact, frozen=True, tag="user.audio"):
    """The user's waveform from ``from_ms`` to ``to_ms``: the peak of each equal part, 0 to 1."""

    from_ms: float
    to_ms: float
    piece_ms: float
    peaks: tuple[float, ...]


class SpeechProbabilities(Fact, frozen=True, tag="user.voice"):
    """The VAD speech probability, 0 to 1, of each equal chunk between ``from_ms`` and ``to_ms``."""

    from_ms: float
    to_ms: float
    chunk_ms: float
    probabilities: tuple[float, ...]


class TurnStarted(Fact, frozen=True, tag="turn.started"):
    """A turn begins: the user's with speech or a typed message, the agent's with an announcement (a prologue too)."""

    cause: TurnCause


class SpeechStarted(Fact, frozen=True, tag="speech.started"):
    """``speech_started`` was sent to the client; the speech itself began at ``from_ms``."""

    from_ms: float


class SpeechPaused(Fact, frozen=True, tag="speech.paused"):
    """The user has been silent since ``from_ms``, long enough to prepare a reply."""

    from_ms: float


class SpeechResumed(Fact, frozen=True, tag="speech.resumed"):
    """The user speaks again after a pause."""


class SpeechEnded(Fact, frozen=True, tag="speech.ended"):
    """Endpointing decided that the user's turn is over; the speech itself ended at ``to_ms``."""

    to_ms: float
    silence_ms: float
    """Time waited after the last speech."""
    reason: EndReason


class TranscriptAsked(Fact, frozen=True, tag="transcript.asked"):
    """Recognition was ordered for the audio from ``from_ms`` to ``to_ms``; not ``final``: for an interim transcript."""

    order: int
    final: bool
    from_ms: float
    to_ms: float


class TranscriptReceived(Fact, frozen=True, tag="transcript.ready"):
    """Recognition returned a transcript; ``order`` is that of ``transcript.asked``."""

    order: int
    final: bool
    text: str
    language: str
    took_ms: float


class TranscriptCanceled(Fact, frozen=True, tag="transcript.canceled"):
    """Recognition was canceled."""

    order: int


class EndOfTurnAsked(Fact, frozen=True, tag="end_of_turn.asked"):
    """An end-of-turn judgement was ordered, from the interim transcript and the audio."""

    transcript: str


class EndOfTurnJudged(Fact, frozen=True, tag="end_of_turn.judged"):
    """The probability, 0 to 1, that the user has finished, and the ``threshold`` from which the turn is over."""

    completeness: float
    threshold: float
    took_ms: float


class SpeculationStarted(Fact, frozen=True, tag="speculation.started"):
    """At a pause, preparation of a reply began; the client does not see it before the commit."""


class SpeculationCommitted(Fact, frozen=True, tag="speculation.committed"):
    """The turn is over and the prepared reply is sent."""


class SpeculationDiscarded(Fact, frozen=True, tag="speculation.discarded"):
    """The prepared reply was discarded."""

    reason: DiscardReason


# The agent


class ReplyAsked(Fact, frozen=True, tag="reply.asked"):
    """The agent was asked; more than once in a turn if a speculation was discarded or tools have run."""

    order: int
    question: str
    chat_id: str


class ReplyFirstToken(Fact, frozen=True, tag="reply.first_token"):
    """The agent gave the first characters of its answer."""

    order: int
    took_ms: float


class ClientToolsAsked(Fact, frozen=True, tag="reply.tool_calls"):
    """The agent waits for outputs of the client's tools."""

    order: int
    names: tuple[str, ...]


class ReplyCompleted(Fact, frozen=True, tag="reply.finished"):
    """The agent finished its answer."""

    order: int
    text: str
    took_ms: float
    input_tokens: int
    output_tokens: int


class SynthesisStarted(Fact, frozen=True, tag="synthesis.started"):
    """Synthesis of the next sentence was ordered."""

    order: int
    text: str


class SynthesisFirstAudio(Fact, frozen=True, tag="synthesis.first_audio"):
    """Synthesis gave the first packet of a sentence."""

    order: int
    took_ms: float


class SynthesisFinished(Fact, frozen=True, tag="synthesis.finished"):
    """Synthesis of a sentence finished: ``audio_ms`` of audio in ``took_ms``."""

    order: int
    took_ms: float
    audio_ms: float


class SynthesisCanceled(Fact, frozen=True, tag="synthesis.canceled"):
    """Synthesis of this sentence was canceled."""

    order: int


class SentenceStarted(Fact, frozen=True, tag="sentence.started"):
    """``sentence_start`` was sent to the client."""

    text: str


class AudioSent(Fact, frozen=True, tag="audio.sent"):
    """A run of packets sent to the client: ``audio_ms`` of audio, which it plays from ``from_ms`` to ``to_ms`` if it
    plays at once and without gaps. ``held_ms``: how long the first of them had waited since it was made."""

    packets: int
    audio_ms: float
    from_ms: float
    to_ms: float
    held_ms: float


class AudioCompleted(Fact, frozen=True, tag="audio.completed"):
    """All audio of the answer has been sent to the client."""


class ChatChanged(Fact, frozen=True, tag="chat"):
    """The chat changed to this status, which is sent to the client."""

    chat_id: str
    status: ChatStatus
    reason: str = ""


class TurnInterrupted(Fact, frozen=True, tag="barge_in"):
    """This turn was interrupted while it was answered or still played, by turn ``by_turn`` (0: by the client).

    ``code`` is that of ``conversation.chat.canceled``: 1 the user spoke, 2 the client asked, 3 content was submitted.
    For 1: ``speech_ms`` of speech, of which ``needed_ms`` are enough; the required keyword, or "".
    """

    code: CancelCode
    by_turn: int
    speech_ms: float
    needed_ms: float
    keyword: str
    heard: str | None
    """The part of the answer that the user heard; None: all of it, or unknown."""
    unheard_ms: float
    """Audio that had been sent and not played."""


class Failure(Fact, frozen=True, tag="error"):
    """A failure; ``code`` is that of the ``error`` event or failed chat sent to the client, else 0."""

    stage: Stage
    code: int
    message: str


class HintGiven(Fact, frozen=True, tag="hint"):
    """A likely mistake in what the client sends. The client gets at most an ``error`` event for it."""

    message: str


class Stages(msgspec.Struct, frozen=True, kw_only=True):
    """From the user's last speech (or message) to the first audio that was sent, stage after stage, in ms.

    Each is only the time added to the stages before: work that overlaps with an earlier stage counts 0. They add up to
    ``total``; None if the turn has no such stage (no answer, or no speech).
    """

    silence: float = 0
    """From the end of the speech until endpointing decided that the turn is over."""
    recognition: float = 0
    """Until the final transcript."""
    first_token: float = 0
    """Until the agent's first characters."""
    first_sentence: float = 0
    """Until the first sentence was complete and went to the synthesizer."""
    synthesis: float = 0
    """Until its first audio."""
    sending: float = 0
    """Until that was sent to the client."""
    total: float = 0


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """The duration of each part by itself, in ms, whenever it ran; None if it did not run to its end."""

    recognition: float | None = None
    """Of the final transcript that was answered."""
    end_of_turn: float | None = None
    first_token: float | None = None
    answer: float | None = None
    """Of the agent's whole answer."""
    first_sentence_synthesis: float | None = None
    """To the first audio of the first sentence."""


class TurnEnded(Fact, frozen=True, tag="turn.ended"):
    """The turn is finished: no further fact belongs to it. ``stages`` is None if no audio answered it."""

    stages: Stages | None
    work: Work


AnyFact = (
    SessionSeen
    | Configured
    | SessionEnded
    | FactsDropped
    | Waveform
    | SpeechProbabilities
    | TurnStarted
    | SpeechStarted
    | SpeechPaused
    | SpeechResumed
    | SpeechEnded
    | TranscriptAsked
    | TranscriptReceived
    | TranscriptCanceled
    | EndOfTurnAsked
    | EndOfTurnJudged
    | SpeculationStarted
    | SpeculationCommitted
    | SpeculationDiscarded
    | ReplyAsked
    | ReplyFirstToken
    | ClientToolsAsked
    | ReplyCompleted
    | SynthesisStarted
    | SynthesisFirstAudio
    | SynthesisFinished
    | SynthesisCanceled
    | SentenceStarted
    | AudioSent
    | AudioCompleted
    | ChatChanged
    | TurnInterrupted
    | Failure
    | HintGiven
    | TurnEnded
)


class TurnRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A turn as it is exported: its facts, in the order in which they were made."""

    format: Literal["kouyu.turn"] = "kouyu.turn"
    version: Literal[1] = 1
    session: SessionSeen
    turn: int
    chat_id: str
    """Id of the chat that answered it; "" if none did."""
    ended: bool
    """Whether the turn is finished; otherwise more facts may come."""
    facts: tuple[AnyFact, ...]
