"""The joint states of the conversation core that occur in a simulation, and what leads from one to another."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kouyu.conversation.inputs import Input
from kouyu.conversation.push_to_talk import PushToTalk
from tests.conversation.simulation import Simulation


class Joint(NamedTuple):
    """The words are those of docs/architecture.md."""

    user: str
    turn: str
    item: str


class Change(NamedTuple):
    """One side's step from a state to another."""

    side: str
    before: str
    after: str
    cause: str
    """The name of the input's type."""


_BEGINNING: Final = Joint("silent", "none", "empty")


@dataclass
class WatchedSimulation(Simulation):
    """Notes the joint state after each input."""

    states: set[Joint] = field(default_factory=set)
    changes: set[Change] = field(default_factory=set)
    without_deadline: set[Joint] = field(default_factory=set)
    _last: Joint = field(default=_BEGINNING, init=False)

    def give(self, received: Input) -> None:
        """Playout that ended between two inputs is noted as caused by time."""
        self._note(TIME)
        before = self.joint()
        super().give(received)
        self._note(type(received).__name__, before)

    def _note(self, cause: str, before: Joint | None = None) -> None:
        before, after = before or self._last, self.joint()
        self._last = after
        self.states.add(after)
        for side, old, new in zip(Joint._fields, before, after, strict=True):
            if old != new:
                self.changes.add(Change(side, old, new, cause))
        if self.conversation.deadline(self.now) is None:
            self.without_deadline.add(after)

    def joint(self) -> Joint:
        """The state at this moment."""
        return Joint(self._user(), self._turn(), self._item())

    def _user(self) -> str:
        endpointer = self.conversation._turns._endpointer
        utterance = endpointer.utterance
        push_to_talk: PushToTalk = endpointer._push_to_talk
        if utterance is None:
            return "silent"
        if utterance is push_to_talk.utterance and utterance is not push_to_talk.open:
            return "completed"
        if utterance.first_speech is None:
            return "recording"
        return "paused" if utterance.paused else "speaking"

    def _turn(self) -> str:
        turns = self.conversation._turns
        match turns._preparation.turn is not None, bool(list(turns._pending)):
            case False, False:
                return "none"
            case True, False:
                return "prepared"
            case False, True:
                return "pending"
            case _:
                return "pending, prepared"

    def _item(self) -> str:
        slot = self.conversation._output
        reply = slot.reply()
        if reply is not None and reply.waits_for_tools:
            return "tools"
        if slot.running():
            return "running"
        return "sounding" if slot.audible(self.now) else "empty"


TIME = "playout"
