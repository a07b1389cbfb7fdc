"""Keeps the last turns of a session for export."""

from collections import deque
from typing import Final

from kouyu.diagnostics.facts.agent import ReplyAsked
from kouyu.diagnostics.facts.record import AnyFact, TurnRecord
from kouyu.diagnostics.facts.session import Configured, SessionSeen
from kouyu.diagnostics.facts.turn import TurnEnded, TurnStarted
from kouyu.diagnostics.facts.user import SpeechProbabilities, Waveform

TURNS_KEPT: Final = 20
MOST_FACTS: Final = 5000
"""Most facts kept of one turn; later ones are dropped."""
_TRACK_FACTS: Final = 4000
"""``user.audio`` and ``user.voice`` facts kept: some five minutes."""
_BEFORE_MS: Final = 1000.0
"""User audio before the beginning of a turn that is exported with it."""


class _Kept:
    def __init__(self, configuration: Configured | None, track: list[AnyFact]) -> None:
        self.facts: list[AnyFact] = [*([configuration] if configuration else []), *track]
        self.chat_id = ""
        self.ended = False

    def add(self, fact: AnyFact) -> None:
        if len(self.facts) < MOST_FACTS:
            self.facts.append(fact)


class TurnRecords:
    """Takes every fact of a session and groups them by turn."""

    def __init__(self, *, turns_kept: int = TURNS_KEPT) -> None:
        self._turns_kept = turns_kept
        self._turns: dict[int, _Kept] = {}
        self._track: deque[Waveform | SpeechProbabilities] = deque(maxlen=_TRACK_FACTS)
        self._configuration: Configured | None = None

    def add(self, fact: AnyFact) -> None:
        """Store the next fact."""
        match fact:
            case Waveform() | SpeechProbabilities():
                self._track.append(fact)
                self._add_to_all_under_way(fact)
            case Configured():
                self._configuration = fact
                self._add_to_all_under_way(fact)
            case TurnStarted():
                self._begin(fact)
        kept_turn = self._turns.get(fact.turn)
        if kept_turn is None:
            return
        kept_turn.add(fact)
        match fact:
            case ReplyAsked(chat_id=chat_id):
                kept_turn.chat_id = chat_id
            case TurnEnded():
                kept_turn.ended = True
            case _:
                pass

    def exported(self, session: SessionSeen) -> list[TurnRecord]:
        """The stored turns, oldest first."""
        return [_record(session, number, kept) for number, kept in self._turns.items()]

    def of(self, number: int, session: SessionSeen) -> TurnRecord:
        """The turn of this number, without facts if it is no longer stored."""
        return _record(session, number, self._turns.get(number) or _Kept(None, []))

    def facts(self) -> list[AnyFact]:
        """The facts of the stored turns, each once, in the order in which they came."""
        seen: dict[int, AnyFact] = {}
        for kept in self._turns.values():
            seen |= {id(fact): fact for fact in kept.facts if not isinstance(fact, Configured)}
        return sorted(seen.values(), key=lambda fact: fact.at_ms)

    def _add_to_all_under_way(self, fact: AnyFact) -> None:
        for kept in self._turns.values():
            if not kept.ended:
                kept.add(fact)

    def _begin(self, started: TurnStarted) -> None:
        if len(self._turns) >= self._turns_kept:
            del self._turns[next(iter(self._turns))]
        # Older facts may turn out only now to belong to a turn: after a burst, or with slow recognition.
        since = started.at_ms - _BEFORE_MS
        track: list[AnyFact] = [fact for fact in self._track if fact.to_ms >= since]
        self._turns[started.turn] = _Kept(self._configuration, track)


def _record(session: SessionSeen, number: int, kept: _Kept) -> TurnRecord:
    return TurnRecord(session=session, turn=number, chat_id=kept.chat_id, ended=kept.ended, facts=tuple(kept.facts))
