"""The facts of a turn, all on one time axis (docs/diagnostics.md).

Times end in ``_ms``. Those of the form ``at_ms``, ``from_ms`` and ``to_ms`` are points on the session's clock: ms since
the connection began. A place in the user's audio is given as the time at which that audio came in. Everything else in
ms is a length.
"""

from typing import Literal

import msgspec

from kouyu.conversation.limits import Limits
from kouyu.protocol.downlink import ChatStatus

TurnCause = Literal["speech", "push_to_talk", "text", "announcement"]
EndReason = Literal["silence", "judged_complete", "audio_stopped", "longest_utterance", "client", "discarded"]
DiscardReason = Literal["spoke_on", "configuration", "failed", "not_needed"]
Stage = Literal["recognition", "reply", "synthesis", "chat", "client"]
CancelCode = Literal[1, 2, 3]


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened at ``at_ms``; ``turn`` counts from 1, 0 is none."""

    at_ms: float = 0.0
    turn: int = 0


# The session


class SessionSeen(Fact, frozen=True, kw_only=True, tag="session"):
    """A session that is live: the first fact of each. ``epoch_ms`` is the Unix time in ms of its time 0."""

    log_id: str
    """As in ``detail.logid`` of every event of that connection, and in its header ``X-Tt-Logid``."""
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
    """The connection is over."""


class FactsDropped(Fact, frozen=True, tag="facts.dropped"):
    """The watcher read too slowly: so many facts of all sessions were left out before this one."""

    count: int


# The user


class UserAudio(Fact, frozen=True, tag="user.audio"):
    """The user's waveform from ``from_ms`` to ``to_ms``: the largest absolute sample of each equal piece, 0 to 1."""

    from_ms: float
    to_ms: float
    piece_ms: float
    peaks: tuple[float, ...]


class UserVoice(Fact, frozen=True, tag="user.voice"):
    """Voice activity's probability of speech, 0 to 1, of each equal chunk between ``from_ms`` and ``to_ms``."""

    from_ms: float
    to_ms: float
    chunk_ms: float
    probabilities: tuple[float, ...]


class TurnStarted(Fact, frozen=True, tag="turn.started"):
    """A turn begins: the user's with speech or a typed message, the agent's with an announcement (a prologue too)."""

    cause: TurnCause


class SpeechStarted(Fact, frozen=True, tag="speech.started"):
    """The client is told that the user speaks; the speech itself began at ``from_ms``."""

    from_ms: float


class SpeechPaused(Fact, frozen=True, tag="speech.paused"):
    """The user has been silent since ``from_ms``, long enough to prepare a reply."""

    from_ms: float


class SpeechResumed(Fact, frozen=True, tag="speech.resumed"):
    """The user speaks again after a pause."""


class SpeechEnded(Fact, frozen=True, tag="speech.ended"):
    """The user's turn is decided to be over; the speech itself ended at ``to_ms``."""

    to_ms: float
    silence_ms: float
    """What was waited after the last speech."""
    reason: EndReason


class TranscriptAsked(Fact, frozen=True, tag="transcript.asked"):
    """The recogniser gets the user's audio from ``from_ms`` to ``to_ms``; not ``final``: for an interim transcript."""

    order: int
    final: bool
    from_ms: float
    to_ms: float


class TranscriptReady(Fact, frozen=True, tag="transcript.ready"):
    """What was recognised; ``order`` is that of ``transcript.asked``."""

    order: int
    final: bool
    text: str
    language: str
    took_ms: float


class TranscriptCanceled(Fact, frozen=True, tag="transcript.canceled"):
    """Nobody waits for this transcript any more."""

    order: int


class EndOfTurnAsked(Fact, frozen=True, tag="end_of_turn.asked"):
    """Whether the user has finished is being judged, by what has been recognised and by how it sounds."""

    transcript: str


class EndOfTurnJudged(Fact, frozen=True, tag="end_of_turn.judged"):
    """How likely the user has finished, 0 to 1, and from what it counts (``threshold``)."""

    completeness: float
    threshold: float
    took_ms: float


class SpeculationStarted(Fact, frozen=True, tag="speculation.started"):
    """At a pause a reply is prepared that nobody sees yet."""


class SpeculationCommitted(Fact, frozen=True, tag="speculation.committed"):
    """The turn is over: what was prepared goes out."""


class SpeculationDiscarded(Fact, frozen=True, tag="speculation.discarded"):
    """What was prepared is thrown away."""

    reason: DiscardReason


# The agent


class ReplyAsked(Fact, frozen=True, tag="reply.asked"):
    """The agent is asked; more than once in a turn where something was thrown away, or tools have run."""

    order: int
    question: str
    chat_id: str


class ReplyFirstToken(Fact, frozen=True, tag="reply.first_token"):
    """The first characters of the answer have come."""

    order: int
    took_ms: float


class ReplyToolCalls(Fact, frozen=True, tag="reply.tool_calls"):
    """The agent waits for tools of the client."""

    order: int
    names: tuple[str, ...]


class ReplyFinished(Fact, frozen=True, tag="reply.finished"):
    """The agent has said everything."""

    order: int
    text: str
    took_ms: float
    input_tokens: int
    output_tokens: int


class SynthesisStarted(Fact, frozen=True, tag="synthesis.started"):
    """The next sentence goes to the synthesizer."""

    order: int
    text: str


class SynthesisFirstAudio(Fact, frozen=True, tag="synthesis.first_audio"):
    """The first packet of a sentence is made."""

    order: int
    took_ms: float


class SynthesisFinished(Fact, frozen=True, tag="synthesis.finished"):
    """All of a sentence is made: ``audio_ms`` of sound in ``took_ms``."""

    order: int
    took_ms: float
    audio_ms: float


class SynthesisCanceled(Fact, frozen=True, tag="synthesis.canceled"):
    """Nobody waits for the rest of this sentence."""

    order: int


class SentenceStarted(Fact, frozen=True, tag="sentence.started"):
    """The client is told which sentence it hears next."""

    text: str


class AudioSent(Fact, frozen=True, tag="audio.sent"):
    """Packets given to the client together: ``audio_ms`` of sound, which it plays from ``from_ms`` to ``to_ms`` if it
    plays at once and without gaps. ``held_ms``: how long the first of them had waited since it was made."""

    packets: int
    audio_ms: float
    from_ms: float
    to_ms: float
    held_ms: float


class AudioCompleted(Fact, frozen=True, tag="audio.completed"):
    """All audio of the answer has been given to the client."""


class ChatChanged(Fact, frozen=True, tag="chat"):
    """The chat has this status now, as the client is told."""

    chat_id: str
    status: ChatStatus
    reason: str = ""


class BargeIn(Fact, frozen=True, tag="barge_in"):
    """This turn was cut off while it was answered or still sounded, by turn ``by_turn`` (0: by the client).

    ``code`` is that of ``conversation.chat.canceled``: 1 the user spoke, 2 the client asked, 3 content was submitted.
    For 1: ``speech_ms`` of speech, of which ``needed_ms`` are enough; the keyword that was needed, or "".
    """

    code: CancelCode
    by_turn: int
    speech_ms: float
    needed_ms: float
    keyword: str
    heard: str | None
    """What the user has heard of the answer; None: all of what was said, or nothing is known of it."""
    unheard_ms: float
    """Audio that had been sent and was not heard."""


class Error(Fact, frozen=True, tag="error"):
    """Something failed; ``code`` is the protocol's where the client was told one, else 0."""

    stage: Stage
    code: int
    message: str


class Hint(Fact, frozen=True, tag="hint"):
    """Something that the client does looks like a mistake; it was not told of it, or by an ``error`` event."""

    message: str


class Stages(msgspec.Struct, frozen=True, kw_only=True):
    """From the user's last speech (or message) to the first audio that was sent, stage after stage, in ms.

    Each is only what came on top of the stages before: work done while the silence was waited for counts 0. They add
    up to ``total``; None where the turn had no such moment (no answer, or no speech).
    """

    silence: float = 0
    """From the end of the speech until the turn was decided to be over."""
    recognition: float = 0
    """Until the final transcript."""
    first_token: float = 0
    """Until the agent's first characters."""
    first_sentence: float = 0
    """Until the first sentence was complete and went to the synthesizer."""
    synthesis: float = 0
    """Until its first audio."""
    sending: float = 0
    """Until that was given to the client."""
    total: float = 0


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """How long each part took by itself, in ms, whenever it ran; None where it did not run, or not to its end."""

    recognition: float | None = None
    """Of the transcript that was answered."""
    end_of_turn: float | None = None
    first_token: float | None = None
    answer: float | None = None
    """Of the agent's whole answer."""
    first_sentence_synthesis: float | None = None
    """To the first audio of the first sentence."""


class TurnEnded(Fact, frozen=True, tag="turn.ended"):
    """Nothing more comes of this turn. ``stages`` is None where no audio answered it."""

    stages: Stages | None
    work: Work


AnyFact = (
    SessionSeen
    | Configured
    | SessionEnded
    | FactsDropped
    | UserAudio
    | UserVoice
    | TurnStarted
    | SpeechStarted
    | SpeechPaused
    | SpeechResumed
    | SpeechEnded
    | TranscriptAsked
    | TranscriptReady
    | TranscriptCanceled
    | EndOfTurnAsked
    | EndOfTurnJudged
    | SpeculationStarted
    | SpeculationCommitted
    | SpeculationDiscarded
    | ReplyAsked
    | ReplyFirstToken
    | ReplyToolCalls
    | ReplyFinished
    | SynthesisStarted
    | SynthesisFirstAudio
    | SynthesisFinished
    | SynthesisCanceled
    | SentenceStarted
    | AudioSent
    | AudioCompleted
    | ChatChanged
    | BargeIn
    | Error
    | Hint
    | TurnEnded
)


class TurnRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A turn as it is exported: everything that belongs to it, in the order it was found out."""

    format: Literal["kouyu.turn"] = "kouyu.turn"
    version: Literal[1] = 1
    session: SessionSeen
    turn: int
    chat_id: str
    """Of the chat that answered it; "" where none did."""
    ended: bool
    """Whether the turn is over; else more may come."""
    facts: tuple[AnyFact, ...]
