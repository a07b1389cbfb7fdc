"""What engines are asked about the user's speech: facts about transcripts, end-of-turn judgements and speculation."""

from dataclasses import dataclass

from kouyu.conversation.effects import CancelJudgement, CancelTranscribe, JudgeTurn, Transcribe
from kouyu.conversation.inputs import Input, TimePassed, TranscriptFailed, TranscriptReady, TurnJudged
from kouyu.conversation.limits import Limits
from kouyu.diagnostics.audio_clock import AudioClock
from kouyu.diagnostics.facts.session import Failure
from kouyu.diagnostics.facts.user import (
    DiscardReason,
    EndOfTurnAsked,
    EndOfTurnJudged,
    SpeculationCommitted,
    SpeculationDiscarded,
    SpeculationStarted,
    TranscriptAsked,
    TranscriptCanceled,
    TranscriptReceived,
)
from kouyu.diagnostics.turn_seen import Say, TurnSeen
from kouyu.diagnostics.turns_seen import TurnsSeen
from kouyu.text.growing_text import GrowingText


@dataclass(slots=True)
class _Asked:
    turn: TurnSeen
    final: bool
    at_ms: float


class RecognitionSide:
    """Follows the orders for transcripts and judgements, and what is prepared from a transcript before the turn is
    over."""

    def __init__(self, *, clock: AudioClock, turns: TurnsSeen, limits: Limits, say: Say) -> None:
        self._clock = clock
        self._turns = turns
        self._limits = limits
        self._say = say
        self._transcripts: dict[int, _Asked] = {}
        self._judgements: dict[int, _Asked] = {}

    # Transcripts

    def ordered(self, turn: TurnSeen, order: Transcribe, at_ms: float) -> None:
        """Follow a Transcribe order for ``turn``."""
        self._transcripts[order.order] = _Asked(turn, order.final, at_ms)
        if order.final:
            turn.transcript_order, turn.transcript = order.order, None
            if not turn.over:
                self.discard(turn, "spoke_on", at_ms)
                turn.speculating = True
                self._say(SpeculationStarted(at_ms=at_ms, turn=turn.number))
        self._say(
            TranscriptAsked(
                at_ms=at_ms,
                turn=turn.number,
                order=order.order,
                final=order.final,
                from_ms=self._clock.ms(order.start),
                to_ms=self._clock.end_ms(order.end),
            )
        )

    def on_transcript(self, report: TranscriptReady, at_ms: float) -> None:
        """Follow a transcript."""
        asked = self._transcripts.pop(report.order, None)
        if asked is None:
            return
        turn, took = asked.turn, round(at_ms - asked.at_ms, 1)
        text = report.text.strip()
        self._say(
            TranscriptReceived(
                at_ms=at_ms,
                turn=turn.number,
                order=report.order,
                final=asked.final,
                text=text,
                language=report.language,
                took_ms=took,
            )
        )
        if not asked.final:
            turn.interim = text
        elif report.order == turn.transcript_order:
            turn.transcript_order, turn.transcript = None, text
            turn.marks.transcript, turn.work.recognition = at_ms, took

    def on_transcript_failed(self, report: TranscriptFailed, at_ms: float) -> None:
        """Follow a failed transcript."""
        asked = self._transcripts.pop(report.order, None)
        if asked is None:
            return
        turn = asked.turn
        self._say(Failure(at_ms=at_ms, turn=turn.number, stage="recognition", code=0, message=report.reason))
        if report.order == turn.transcript_order:
            turn.transcript_order, turn.failed = None, True

    def canceled(self, order: CancelTranscribe, received: Input, at_ms: float) -> None:
        """Follow a CancelTranscribe order."""
        asked = self._transcripts.pop(order.order, None)
        if asked is None:
            return
        self._say(TranscriptCanceled(at_ms=at_ms, turn=asked.turn.number, order=order.order))
        if order.order == asked.turn.transcript_order:
            asked.turn.transcript_order = None
            asked.turn.failed = isinstance(received, TimePassed)
            self.discard(asked.turn, "failed" if asked.turn.failed else "not_needed", at_ms)

    # End-of-turn judgements

    def to_judge(self, order: JudgeTurn, at_ms: float) -> None:
        """Follow a JudgeTurn order."""
        turn = self._turns.of_utterance(order.start)
        if turn is None:
            return
        self._judgements[order.order] = _Asked(turn, False, at_ms)
        self._say(EndOfTurnAsked(at_ms=at_ms, turn=turn.number, transcript=order.transcript))

    def on_judged(self, report: TurnJudged, at_ms: float) -> None:
        """Follow an end-of-turn judgement."""
        asked = self._judgements.pop(report.order, None)
        if asked is None:
            return
        asked.turn.work.end_of_turn = took = round(at_ms - asked.at_ms, 1)
        self._say(
            EndOfTurnJudged(
                at_ms=at_ms,
                turn=asked.turn.number,
                completeness=round(report.completeness, 4),
                threshold=self._limits.turn_complete_probability,
                took_ms=took,
            )
        )

    def judgement_canceled(self, order: CancelJudgement) -> None:
        """Follow a CancelJudgement order."""
        self._judgements.pop(order.order, None)

    # Speculation

    def commit(self, turn: TurnSeen, at_ms: float) -> None:
        """Report that the turn's speculation, if there is one, was committed."""
        if turn.speculating:
            turn.speculating = False
            self._say(SpeculationCommitted(at_ms=at_ms, turn=turn.number))

    def discard(self, turn: TurnSeen, reason: DiscardReason, at_ms: float) -> None:
        """Report that the turn's speculation, if there is one, was discarded."""
        if turn.speculating:
            turn.speculating = False
            turn.transcript = turn.marks.transcript = None
            if turn.transcript_order is not None:  # it continues as an interim one
                self._transcripts[turn.transcript_order].final = False
                turn.transcript_order = None
            turn.marks.ask_anew()
            turn.packets.clear()
            turn.answer = GrowingText()
            self._say(SpeculationDiscarded(at_ms=at_ms, turn=turn.number, reason=reason))
