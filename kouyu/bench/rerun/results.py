"""What is counted in the turns of a session: what was heard, when turns ended, how long answers took."""

from collections.abc import Sequence
from typing import Final

import msgspec

from kouyu.bench.recognition.transcript_errors import Errors, unformatted_errors
from kouyu.diagnostics.facts.client import TurnInterrupted
from kouyu.diagnostics.facts.record import TurnRecord
from kouyu.diagnostics.facts.turn import TurnEnded, TurnStarted
from kouyu.diagnostics.facts.user import SpeechEnded, TranscriptReceived

CUT_OFF_MS: Final = 1000.0
"""A user who speaks on within this time after a turn was ended had not finished."""


class SpokenTurn(msgspec.Struct, frozen=True, kw_only=True):
    """One utterance. Times in ms on the session's clock."""

    number: int
    text: str
    language: str
    speech_end_ms: float
    """Where the speech ended."""
    ended_at_ms: float
    """When the turn was ended."""
    answered_after_ms: float | None
    """From the end of the speech to the first sound of the answer; None if none came."""
    interrupts: bool
    """Whether it cut an answer off."""
    is_cut_off: bool
    """Whether the user spoke on within CUT_OFF_MS."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Those of one session, or of many."""

    turns: tuple[SpokenTurn, ...]
    errors: Errors = Errors()
    """Of the transcripts, compared with the reference."""

    @property
    def cut_offs(self) -> int:
        """Turns that ended although the user spoke on."""
        return sum(turn.is_cut_off for turn in self.turns)

    @property
    def false_interruptions(self) -> int:
        """Answers that were cut off by something in which no words were heard."""
        return sum(turn.interrupts and not turn.text.strip() for turn in self.turns)

    @property
    def waits_ms(self) -> list[float]:
        """The times from the end of speech to the end of the turn."""
        return [turn.ended_at_ms - turn.speech_end_ms for turn in self.turns]

    @property
    def answers_ms(self) -> list[float]:
        """The times to the first sound."""
        return [turn.answered_after_ms for turn in self.turns if turn.answered_after_ms is not None]

    def plus(self, other: "Results") -> "Results":
        """Both together."""
        return Results(turns=(*self.turns, *other.turns), errors=self.errors + other.errors)


def results_of(turns: Sequence[TurnRecord], reference: str | None = None) -> Results:
    """The results of a session's turns; ``reference`` is what was really said in all of it."""
    interrupting = {fact.by_turn for turn in turns for fact in turn.facts if isinstance(fact, TurnInterrupted)}
    starts = [
        fact.at_ms
        for turn in turns
        for fact in turn.facts
        if isinstance(fact, TurnStarted) and fact.turn == turn.turn and fact.cause == "speech"
    ]
    found = tuple(
        spoken for turn in turns if (spoken := _spoken(turn, starts, interrupts=turn.turn in interrupting)) is not None
    )
    if reference is None:
        return Results(turns=found)
    languages = [turn.language for turn in found if turn.language]
    language = max(languages, key=languages.count, default="en")
    return Results(turns=found, errors=unformatted_errors(reference, heard(found), language))


def heard(turns: Sequence[SpokenTurn]) -> str:
    """All that was heard."""
    return " ".join(turn.text for turn in turns)


def _spoken(turn: TurnRecord, starts: Sequence[float], *, interrupts: bool) -> SpokenTurn | None:
    ends = [fact for fact in turn.facts if isinstance(fact, SpeechEnded)]
    if not ends:
        return None
    end = ends[-1]
    finals = [fact for fact in turn.facts if isinstance(fact, TranscriptReceived) and fact.final]
    stages = next((fact.stages for fact in turn.facts if isinstance(fact, TurnEnded)), None)
    return SpokenTurn(
        number=turn.turn,
        text=finals[-1].text if finals else "",
        language=finals[-1].language if finals else "",
        speech_end_ms=end.to_ms,
        ended_at_ms=end.at_ms,
        answered_after_ms=stages.total if stages is not None else None,
        interrupts=interrupts,
        is_cut_off=any(end.at_ms < start <= end.at_ms + CUT_OFF_MS for start in starts),
    )
