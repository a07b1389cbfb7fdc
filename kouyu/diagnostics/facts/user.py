"""Facts of the user's part of a turn: audio, speech, transcripts, end-of-turn judgements and speculation."""

from typing import Literal

from kouyu.diagnostics.facts.fact import Fact

EndReason = Literal["silence", "judged_complete", "audio_stopped", "longest_utterance", "client", "discarded"]
DiscardReason = Literal["spoke_on", "configuration", "failed", "not_needed"]


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


UserFact = (
    Waveform
    | SpeechProbabilities
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
)
